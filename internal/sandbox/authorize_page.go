package sandbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"time"
)

//go:embed authorize.html
var authorizeText string

var authorizePage = template.Must(template.New("authorize").Parse(authorizeText))

// authorizeData is what the page shows: the accounts to pick from, or a form that the browser sends to the client by itself,
// or what is wrong.
type authorizeData struct {
	Problem  string
	App      string
	Hint     string
	Accounts []Account
	Back     string // the client's address
	Values   url.Values
	Nonce    string // of the script that sends the form
	Done     string
}

// serveAuthorize is the page on which a person signs in for a client that waits on this computer. GET shows the accounts, or
// signs the expected one in where approval is automatic; POST has the account, or action deny.
func (e *Entra) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	ask, page, refused := e.readAuthorize(r.PathValue("tenant"), r.URL.Query())
	switch {
	case page != nil:
		e.showAuthorize(w, http.StatusBadRequest, authorizeData{Problem: page.Error()})
		return
	case refused != nil:
		e.goBack(w, r, ask, "", refused)
		return
	}
	account := r.PostFormValue("account")
	if account == "" && e.opts.ApproveAfter > 0 && ask.hint != "" && r.Method == http.MethodGet {
		select {
		case <-time.After(e.opts.ApproveAfter):
		case <-r.Context().Done():
			return
		}
		if _, _, refused := e.flows.identify(ask.tenantID, ask.hint); refused == nil {
			account = ask.hint
		}
	}
	switch {
	case r.PostFormValue("action") == "deny":
		e.goBack(w, r, ask, "", demanded(65004))
	case account != "":
		code, refused := e.signInBrowser(ask, account)
		if refused != nil {
			e.showAuthorize(w, http.StatusBadRequest, authorizeData{Problem: refused.Error()})
			return
		}
		e.goBack(w, r, ask, code, nil)
	default:
		e.showAuthorize(w, http.StatusOK, authorizeData{App: ask.client, Hint: ask.hint,
			Accounts: e.flows.candidates(&flow{tenantID: ask.tenantID})})
	}
}

// goBack sends the browser to the client with a code, or with an error.
func (e *Entra) goBack(w http.ResponseWriter, r *http.Request, ask authorizeRequest, code string, refused *OAuthError) {
	answer := url.Values{}
	if ask.state != "" {
		answer.Set("state", ask.state)
	}
	if refused != nil {
		answer.Set("error", refused.Kind)
		answer.Set("error_description", refused.Error())
	} else {
		answer.Set("code", code)
		answer.Set("session_state", encodeSegment(random(16)))
	}
	if ask.mode == "form_post" {
		e.showAuthorize(w, http.StatusOK, authorizeData{Back: ask.redirect, Values: answer, Nonce: encodeSegment(random(16))})
		return
	}
	u, err := url.Parse(ask.redirect)
	if err != nil { // was checked when the request was read
		e.showAuthorize(w, http.StatusBadRequest, authorizeData{Problem: err.Error()})
		return
	}
	u.RawQuery = answer.Encode()
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func (e *Entra) serveLogout(w http.ResponseWriter, _ *http.Request) {
	e.showAuthorize(w, http.StatusOK, authorizeData{Done: "You signed out. You may close this window."})
}

func (e *Entra) showAuthorize(w http.ResponseWriter, status int, d authorizeData) {
	policy := "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'self' http://localhost:*"
	if d.Nonce != "" {
		policy += "; script-src 'nonce-" + d.Nonce + "'"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_ = authorizePage.Execute(w, d) // the browser went away: nobody to tell
}
