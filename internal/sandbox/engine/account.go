package engine

import (
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// An account is who is signed in to a module. Its tenant's data is shared; what the session changes is its own, and lasts
// until the next sign-in.
type account struct {
	upn     string
	tenant  *tenant
	expires time.Time
	gone    bool                 // the switchboard ended the sign-in, or the token was for something else
	refused string               // Azure: why the service does not take the token
	site    string               // SharePoint: the address that it is connected to
	byToken bool                 // SharePoint: by a token, not by a code
	current *object              // Azure: the subscription that was chosen
	changed map[string][]*object // by collection; nil until something is changed
}

// expired reports whether the sign-in has ended.
func (a *account) expired() bool { return a.gone || time.Now().After(a.expires) }

// guest reports whether the account lives in another tenant.
func (a *account) guest() bool {
	known, ok := a.tenant.Account(a.upn)
	return ok && a.tenant.Guest(known)
}

// needAccount returns the error of a command that nobody is signed in for, in the words of its module.
func (r *run) needAccount(c *cmdlet) error {
	a := r.account(c.signedIn)
	if a != nil && !a.expired() && (a.refused == "" || c.name == "Invoke-AzRestMethod") { // which answers with the refusal
		return nil
	}
	refuse := func(message, id, category, kind string) error {
		f := fail(message, id, category, "")
		f.Type, f.Terminating = kind, true
		return f
	}
	const invalid = "System.InvalidOperationException"
	switch signedIn := a != nil; c.signedIn {
	case mm.Exchange:
		if signedIn {
			return refuse("The access token has expired and could not be renewed: AADSTS700082: The refresh token has expired. Run "+
				"Connect-ExchangeOnline again.", "Unauthorized", "AuthenticationError", "System.Exception")
		}
		if !strings.HasPrefix(c.name, "Get-EXO") { // the real module brings its other commands when it connects
			f := notRecognized(c.name, place{}).(failure)
			f.Terminating = true
			return f
		}
		return refuse("You must call the Connect-ExchangeOnline cmdlet before calling any other cmdlets.", "NotConnected",
			"InvalidOperation", invalid)
	case mm.Azure:
		message := "Run Connect-AzAccount to login."
		if signedIn && a.refused != "" {
			message = "InvalidAuthenticationToken: " + a.refused
		} else if signedIn {
			message = "Your Azure credentials have not been set up or have expired, please run Connect-AzAccount to set up your Azure credentials."
		}
		return refuse(message, "NotSignedIn", "CloseError", invalid)
	case mm.Teams:
		if signedIn {
			return refuse("AADSTS700082: The refresh token has expired due to inactivity. Run Connect-MicrosoftTeams again.", "Unauthorized",
				"AuthenticationError", "System.UnauthorizedAccessException")
		}
		if c.name == "Get-CsTenant" { // does not fail at once, it hangs
			if err := r.sleep(5 * time.Minute); err != nil {
				return err
			}
		}
		return refuse("You must call the Connect-MicrosoftTeams cmdlet before calling any other cmdlets.", "NotConnected",
			"InvalidOperation", "System.UnauthorizedAccessException")
	default:
		if signedIn {
			return refuse("The remote server returned an error: (401) Unauthorized.", "EXCEPTION", "WriteError", "System.Net.WebException")
		}
		return refuse("The current connection holds no SharePoint context. Please use one of the Connect-PnPOnline commands which uses "+
			"the -Url argument to connect.", "NoConnection", "InvalidOperation", invalid)
	}
}

// checkToken returns why a service refuses a token: it is not for that audience, or not valid any more.
func checkToken(token, audience string) (sandbox.Claims, error) {
	claims, err := sandbox.ParseToken(token)
	switch {
	case err != nil:
		return claims, err
	case claims.Audience != audience:
		return claims, words(fmt.Sprintf("The access token is for the audience %s and not for %s.", claims.Audience, audience))
	case !time.Now().Before(time.Unix(claims.Expires, 0)):
		return claims, words("The access token has expired.")
	}
	return claims, nil
}

// isTenant reports whether a name or id is that of the tenant; an empty one is any.
func isTenant(idOrDomain, id string) bool {
	t, ok := sandbox.ByID(tenants(), idOrDomain)
	return idOrDomain == "" || ok && t.ID == id
}

// accept makes whom a token was issued to the account of a module. The token itself is not kept.
func (r *run) accept(m mm.Module, token string) (*account, error) {
	claims, err := sandbox.ParseToken(token)
	if err != nil {
		return nil, err
	}
	t := tenantOf(claims.TenantID)
	if t == nil {
		return nil, &sandbox.OAuthError{Kind: "invalid_request", AADSTS: 90002, Detail: "The token is for a tenant that the sandbox does not have."}
	}
	a := &account{upn: claims.UPN, tenant: t, expires: time.Unix(claims.Expires, 0)}
	r.setAccount(m, a)
	return a, nil
}
