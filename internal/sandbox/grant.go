package sandbox

import (
	"encoding/json"
	"strings"
	"time"
)

// A grant is what tokens are issued for: somebody who signed in, and what the client asked for.
type grant struct {
	tenantID   string // empty: the account's home
	client     string
	asked      wish
	claims     string // a claims request, as JSON
	clientInfo bool
	nonce      string
	of         *signedIn
	from       *refreshToken // which it is redeemed by; nil: none
	sign       func(claims any) (string, error)
}

// issue makes the tokens of a grant. The error is an *OAuthError where Entra refuses.
func (e *Entra) issue(g grant) (Token, error) {
	home, at, refused := e.flows.identify("", g.of.account)
	if refused != nil {
		return Token{}, refused
	}
	t, a, refused := e.flows.identify(g.tenantID, g.of.account)
	if refused != nil {
		return Token{}, refused
	}
	_, app, refused := e.client(t.ID, g.client)
	if refused != nil {
		return Token{}, refused
	}
	if !knownResource(t, g.asked.resource) {
		return Token{}, errResource(g.asked.resource, t)
	}
	names, answered, refused := g.asked.granted(app)
	if refused != nil {
		return Token{}, refused
	}
	now := time.Now()
	issuer := e.opts.Login + "/" + t.ID + "/v2.0"
	access := Claims{
		Audience: g.asked.resource, Issuer: issuer, IssuedAt: now.Unix(), NotBefore: now.Unix(),
		Expires: now.Add(e.opts.AccessLifetime).Unix(), AppID: app.ID, Party: app.ID, Name: a.DisplayName, ObjectID: a.ObjectID,
		Subject: a.ObjectID, Scope: strings.Join(names, " "), TenantID: t.ID, UPN: a.UserPrincipalName, Username: a.UserPrincipalName,
		UniqueID: encodeSegment(random(16)), TokenType: "user", Version: "2.0", Capabilities: capabilities(g.claims),
	}
	if g.of.satisfied || demands(g.claims) {
		access.Contexts = []string{"c1"}
	}
	out := Token{TokenType: "Bearer", Scope: strings.Join(answered, " "), ExpiresIn: int(e.opts.AccessLifetime.Seconds()),
		Extended: int(e.opts.AccessLifetime.Seconds())}
	var err error
	if out.AccessToken, err = g.sign(access); err != nil {
		return Token{}, err
	}
	if g.asked.openID {
		out.IDToken, err = g.sign(idClaims{Audience: app.ID, Issuer: issuer, IssuedAt: access.IssuedAt, NotBefore: access.NotBefore,
			Expires: now.Add(time.Hour).Unix(), Name: a.DisplayName, ObjectID: a.ObjectID, Subject: a.ObjectID, TenantID: t.ID,
			Username: a.UserPrincipalName, Nonce: g.nonce, UniqueID: access.UniqueID, Version: "2.0"})
		if err != nil {
			return Token{}, err
		}
	}
	if g.clientInfo {
		out.ClientInfo = clientInfo(at.ObjectID, home.ID)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if g.from != nil {
		if refused := e.refresh.use(now, g.from); refused != nil {
			return Token{}, refused
		}
	}
	e.remember(out.AccessToken)
	if out.IDToken != "" {
		e.remember(out.IDToken)
	}
	if g.asked.offline {
		out.RefreshToken = "1.Sandbox." + encodeSegment(random(64))
		g.of.client, g.of.family = app.ID, app.Family
		e.refresh.add(now, out.RefreshToken, g.of)
		e.remember(out.RefreshToken)
		if app.Family {
			out.Family = "1"
		}
	}
	return out, nil
}

// clientInfo tells a client which account it is, the same for every tenant in which the account is a guest.
func clientInfo(objectID, tenantID string) string {
	return encodeSegment([]byte(`{"uid":"` + objectID + `","utid":"` + tenantID + `"}`))
}

// A claimsRequest is what the claims parameter asks of the access token.
type claimsRequest struct {
	Access map[string]struct {
		Values []string `json:"values"`
	} `json:"access_token"`
}

// capabilities returns what the client says it understands.
func capabilities(claims string) []string {
	var r claimsRequest
	if json.Unmarshal([]byte(claims), &r) != nil {
		return nil
	}
	return r.Access["xms_cc"].Values
}

// demands reports whether the request asks for what a policy or a resource demanded: anything but capabilities.
func demands(claims string) bool {
	var r claimsRequest
	if json.Unmarshal([]byte(claims), &r) != nil {
		return false
	}
	delete(r.Access, "xms_cc")
	return len(r.Access) > 0
}

// policyDemands reports whether the request asks for what only a person can give: anything but a newer token (nbf).
func policyDemands(claims string) bool {
	var r claimsRequest
	if json.Unmarshal([]byte(claims), &r) != nil {
		return false
	}
	delete(r.Access, "xms_cc")
	delete(r.Access, "nbf")
	return len(r.Access) > 0
}
