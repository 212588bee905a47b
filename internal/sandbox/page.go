package sandbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pageData is what the page shows: a form for the code, then the accounts to pick from, then how it ended.
type pageData struct {
	Problem  string
	UserCode string
	Hint     string
	Accounts []Account
	Done     string
}

// servePage is the page on which a person types the code. Each step is one form, so that it works without scripts, and with
// curl in a single POST of user_code and account.
func (e *Entra) servePage(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet { // only shows: a link must not sign anybody in
		e.showPage(w, e.pageStep(r.FormValue("user_code"), "", ""))
		return
	}
	e.showPage(w, e.pageStep(r.PostFormValue("user_code"), r.PostFormValue("account"), r.PostFormValue("action")))
}

// pageStep does what the form asked for and returns what to show next.
func (e *Entra) pageStep(userCode, account, action string) pageData {
	if userCode == "" {
		return pageData{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	f, refused := e.flows.find(now, userCode)
	if refused != nil {
		return pageData{Problem: refused.Detail}
	}
	d := pageData{UserCode: f.userCode, Hint: f.hint, Accounts: e.flows.candidates(f)}
	switch {
	case action == "deny":
		if refused = e.flows.decline(now, userCode); refused == nil {
			d.Done = "You declined. Nobody was signed in."
		}
	case account != "":
		if refused = e.flows.approve(now, userCode, account); refused == nil {
			d.Done = "You have signed in as " + account + ". You may now close this window."
		}
	}
	if refused != nil {
		d.Problem = refused.Error()
	}
	return d
}

func (e *Entra) showPage(w http.ResponseWriter, d pageData) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	if d.Problem != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = page.Execute(w, d) // the browser went away: nobody to tell
}
