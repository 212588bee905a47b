package entra

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A question is what Entra was asked.
type question struct {
	conn     mm.Connection
	audience mm.Audience
	host     string
	claims   string
	method   mm.SignInMethod // empty: nobody was asked
}

// judge says what a refusal means for whoever asked: an *mm.Interaction where a person can help, or another way of signing in;
// an *mm.Error otherwise.
func judge(r *refusal, q question) error {
	m := meaningOf(r)
	err := &mm.Error{Code: mm.SignInFailed, Executed: mm.ExecutedNo, RetryAfter: r.retryAfter,
		Message: q.fill(m.message) + " (" + r.name() + ").", Remedy: q.fill(m.remedy)}
	if m.message == "" {
		err.Message = fmt.Sprintf("Authentication failed (%s). Check logs for details.", r.name())
		if r.trace != "" {
			err.Remedy += " Microsoft's support knows the request as " + r.trace + "."
		}
	}
	if r.skew != 0 {
		err.Remedy = fmt.Sprintf("First set the clock of this computer: it is %s. %s", aheadBy(r.skew), err.Remedy)
	}
	switch {
	case r.expired():
		err.Code = mm.Timeout
	case q.method == mm.DeviceCode && m.policy:
		err.Remedy = q.fill(useBrowser)
		return &mm.Interaction{Why: mm.NeedsBrowser, Claims: cmp.Or(r.claims, q.claims), Err: err}
	case q.method == "" && m.why != "":
		return &mm.Interaction{Why: m.why, Claims: cmp.Or(r.claims, q.claims), Err: err}
	}
	return err
}

// meaningOf finds the most exact meaning that is known.
func meaningOf(r *refusal) meaning {
	if m, ok := answers[r.kind]; ok {
		return m
	}
	if m, ok := meanings[r.code]; ok {
		return m
	}
	m := kinds[r.kind]
	if r.sub == "consent_required" {
		m = kinds[r.sub]
	}
	if r.code != 0 {
		m.message = "" // of a number that is not in the table nothing is known but who can help
	}
	if m.remedy == "" {
		m.remedy = "Look the number up at https://login.microsoftonline.com/error, and what Entra said in the log of mm."
	}
	return m
}

// expired reports whether it is a device code that nobody used in time.
func (r *refusal) expired() bool {
	return r.code == 70019 || r.code == 70020 || r.kind == "expired_token"
}

// fill puts what the question is about into a text.
func (q question) fill(text string) string {
	c := q.conn
	account := c.ExpectedEmail
	if account == "" {
		account = "an account of the tenant"
	}
	return strings.NewReplacer("{app}", c.AppID, "{tenant}", tenantOf(c), "{connection}", quoted(c.Name), "{account}", account,
		"{audience}", q.resource(), "{cloud}", cmp.Or(c.Cloud, "public"),
		"{consent}", c.Endpoints().Authority+"/"+tenantOf(c)+"/adminconsent?client_id="+c.AppID).Replace(text)
}

// resource names the audience for people.
func (q question) resource() string {
	name := map[mm.Audience]string{mm.AudienceGraph: "Microsoft Graph", mm.AudienceFlow: "Power Automate", mm.AudienceExchange: "Exchange Online",
		mm.AudienceAzure: "Azure Service Management", mm.AudienceTeams: "Skype and Teams Tenant Admin API", mm.AudienceSharePoint: "SharePoint"}[q.audience]
	if q.audience == mm.AudienceSharePoint {
		name += " (" + q.host + ")"
	}
	return name
}

func aheadBy(skew time.Duration) string {
	if skew < 0 {
		return (-skew).String() + " behind"
	}
	return skew.String() + " ahead"
}
