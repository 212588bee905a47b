package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// codeLifetime is how long an authorization code may be redeemed, and maxCodes how many are held.
const (
	codeLifetime = 10 * time.Minute
	maxCodes     = 10_000
)

// authCodes are the authorization codes that wait to be redeemed. It is not safe for concurrent use.
type authCodes struct{ byCode map[string]authCode }

// An authCode is one sign-in in a browser whose tokens have not been fetched.
type authCode struct {
	ask     authorizeRequest
	account string
	issued  time.Time
}

// add holds a code. The ones that have expired are forgotten where there are too many.
func (s *authCodes) add(now time.Time, code string, c authCode) *OAuthError {
	if len(s.byCode) >= maxCodes {
		for text, old := range s.byCode {
			if now.Sub(old.issued) >= codeLifetime {
				delete(s.byCode, text)
			}
		}
	}
	if len(s.byCode) >= maxCodes {
		return errTooMany(maxCodes)
	}
	c.issued = now
	s.byCode[code] = c
	return nil
}

// redeem returns what a code stands for, once, to the client that asked for it and knows the verifier of its challenge.
func (s *authCodes) redeem(now time.Time, code, tenantID, client, redirect, verifier string) (authCode, *OAuthError) {
	c, ok := s.byCode[code]
	delete(s.byCode, code) // a second use, or a wrong one, ends it
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case !ok || c.ask.tenantID != tenantID || !strings.EqualFold(c.ask.client, client):
		return authCode{}, demanded(9002313)
	case now.Sub(c.issued) >= codeLifetime:
		return authCode{}, demanded(70008)
	case c.ask.redirect != redirect:
		return authCode{}, refuse("invalid_grant", 50011, "The redirect URI '%s' does not match the one that the code was issued for.", redirect)
	case subtle.ConstantTimeCompare([]byte(encodeSegment(sum[:])), []byte(c.ask.challenge)) != 1:
		return authCode{}, refuse("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the "+
			"authorization request.")
	}
	return c, nil
}

// An authorizeRequest is what a browser brings to the sign-in page.
type authorizeRequest struct {
	tenantID, client, redirect string
	state, nonce, challenge    string
	mode                       string // how the answer goes back: query or form_post
	asked                      wish
	claims, hint               string
}

// readAuthorize reads a request for an authorization code. What is wrong with the client or with its address is returned as
// page: nobody must be sent to an address that is not the client's. Other errors go back to the client.
func (e *Entra) readAuthorize(tenant string, q url.Values) (ask authorizeRequest, page, refused *OAuthError) {
	tenantID, refused := e.tenantID(tenant)
	if refused != nil {
		return ask, refused, nil
	}
	client := q.Get("client_id")
	app, known := directory.FindApp(e.opts.Tenants, tenantID, client)
	ask = authorizeRequest{tenantID: tenantID, client: client, redirect: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), mode: q.Get("response_mode"), claims: q.Get("claims"), hint: q.Get("login_hint")}
	switch {
	case client == "":
		return ask, errMissing("client_id"), nil
	case !known:
		return ask, errUnknownClient(client, tenant), nil
	case !mayRedirect(app, ask.redirect):
		e := demanded(50011)
		e.Detail = "The redirect URI '" + ask.redirect + "' specified in the request does not match the redirect URIs configured for the " +
			"application '" + app.ID + "'."
		return ask, e, nil
	}
	if ask.mode == "" {
		ask.mode = "query"
	}
	if ask.hint == "" {
		ask.hint = app.Expects
	}
	switch {
	case ask.mode != "query" && ask.mode != "form_post":
		ask.mode = "query"
		return ask, nil, refuse("invalid_request", 900023, "The sandbox knows the response modes query and form_post.")
	case q.Get("response_type") != "code":
		return ask, nil, refuse("unsupported_response_type", 700054, "response_type '%s' is not enabled for the application.", q.Get("response_type"))
	case ask.challenge == "" || q.Get("code_challenge_method") != "S256":
		return ask, nil, refuse("invalid_request", 9002325, "Proof Key for Code Exchange by S256 is required.")
	}
	ask.asked, refused = parseScope(q.Get("scope"))
	return ask, nil, refused
}

// mayRedirect reports whether the app has registered the address. On localhost the port does not count.
func mayRedirect(app directory.App, redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" && u.Scheme == "http" {
		u.Host = "localhost"
	}
	return slices.Contains(app.Redirects, strings.TrimSuffix(u.String(), "/"))
}

// signInBrowser makes the authorization code of an account.
func (e *Entra) signInBrowser(ask authorizeRequest, account string) (string, *OAuthError) {
	if _, _, refused := e.flows.identify(ask.tenantID, account); refused != nil {
		return "", refused
	}
	code := "1.Code." + encodeSegment(random(48))
	e.mu.Lock()
	defer e.mu.Unlock()
	if refused := e.codes.add(time.Now(), code, authCode{ask: ask, account: account}); refused != nil {
		return "", refused
	}
	e.remember(code)
	return code, nil
}

// redeemCode answers a client that brings an authorization code.
func (e *Entra) redeemCode(tenant string, form url.Values) (Token, error) {
	tenantID, app, refused := e.client(tenant, form.Get("client_id"))
	if refused != nil {
		return Token{}, refused
	}
	for _, needed := range []string{"code", "redirect_uri", "code_verifier"} {
		if form.Get(needed) == "" {
			return Token{}, errMissing(needed)
		}
	}
	e.mu.Lock()
	c, refused := e.codes.redeem(time.Now(), form.Get("code"), tenantID, app.ID, form.Get("redirect_uri"), form.Get("code_verifier"))
	e.mu.Unlock()
	if refused != nil {
		return Token{}, refused
	}
	claims := form.Get("claims")
	if claims == "" {
		claims = c.ask.claims
	}
	return e.issue(grant{tenantID: tenantID, client: app.ID, asked: c.ask.asked, claims: claims, clientInfo: form.Get("client_info") != "",
		nonce: c.ask.nonce, sign: signJWT, of: &signedIn{account: c.account, satisfied: demands(c.ask.claims)}})
}

// redeemRefresh answers a client that brings a refresh token. The tokens may be for any resource that the app has consent for.
func (e *Entra) redeemRefresh(tenant string, form url.Values) (Token, error) {
	tenantID, app, refused := e.client(tenant, form.Get("client_id"))
	if refused != nil {
		return Token{}, refused
	}
	if form.Get("refresh_token") == "" {
		return Token{}, errMissing("refresh_token")
	}
	asked, refused := parseScope(form.Get("scope"))
	if refused != nil {
		return Token{}, refused
	}
	asked.offline = true // a refresh always gives the next token
	e.mu.Lock()
	from, refused := e.refresh.find(time.Now(), form.Get("refresh_token"), app.ID, app.Family)
	e.mu.Unlock()
	if refused != nil {
		return Token{}, refused
	}
	if claims := form.Get("claims"); !from.of.satisfied && policyDemands(claims) {
		return Token{}, demanded(50076)
	}
	return e.issue(grant{tenantID: tenantID, client: app.ID, asked: asked, claims: form.Get("claims"), clientInfo: form.Get("client_info") != "",
		sign: signJWT, of: from.of, from: from})
}
