package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// EntraOptions are the settings of the stand-in. Zero values mean the defaults.
type EntraOptions struct {
	Tenants      []Tenant      // Tenants()
	Lifetime     time.Duration // of a device code: 900 s, at most a day
	Interval     time.Duration // between polls: 1 s, whole seconds (real Entra: 5 s)
	ApproveAfter time.Duration // approve with the login hint, or as the app expects, after that time; 0: only a person approves
	MaxFlows     int           // sign-ins held at once: 20,000
	Authority    string        // base address, for the page's address and the metadata: https://login.sandbox.invalid
	Login        string        // base address of the same over TLS, which issues the tokens; empty: Authority

	AccessLifetime  time.Duration // of an access token: TokenLifetime; seconds, for tests of renewal
	RefreshLifetime time.Duration // of a refresh token that is not used: 90 days
	RefreshGrace    time.Duration // how long a refresh token still works after its use: 30 s; negative: not at all
}

const (
	// maxSecrets bounds what Secrets remembers.
	maxSecrets = 100_000
	// maxRefresh bounds the refresh tokens that are held.
	maxRefresh = 100_000
)

// Entra is a stand-in for Entra's endpoints: device codes, authorization codes with PKCE, refresh tokens. It may be used from
// any goroutine. It has no timers: everything happens when somebody asks.
type Entra struct {
	opts EntraOptions

	mu      sync.Mutex
	flows   flows
	codes   authCodes
	refresh refreshTokens
	revoked map[string]time.Time // by lower address: access tokens from before are not valid
	secrets []string
}

// NewEntra returns an Entra that nobody has signed in to. Handler serves it over HTTP.
func NewEntra(o EntraOptions) *Entra {
	if o.Tenants == nil {
		o.Tenants = Tenants()
	}
	if o.Lifetime <= 0 {
		o.Lifetime = 900 * time.Second
	}
	if o.Interval < time.Second {
		o.Interval = time.Second
	}
	if o.MaxFlows <= 0 {
		o.MaxFlows = 20_000
	}
	if o.Authority == "" {
		o.Authority = "https://login.sandbox.invalid"
	}
	if o.Login == "" {
		o.Login = o.Authority
	}
	if o.AccessLifetime <= 0 {
		o.AccessLifetime = TokenLifetime
	}
	if o.RefreshLifetime <= 0 {
		o.RefreshLifetime = 90 * 24 * time.Hour
	}
	if o.RefreshGrace == 0 {
		o.RefreshGrace = 30 * time.Second
	}
	return &Entra{
		opts: o,
		flows: flows{
			tenants:      o.Tenants,
			lifetime:     min(o.Lifetime, 24*time.Hour),
			interval:     o.Interval.Truncate(time.Second),
			approveAfter: o.ApproveAfter,
			max:          o.MaxFlows,
			byDevice:     map[string]*flow{},
			byUser:       map[string]*flow{},
		},
		codes: authCodes{byCode: map[string]authCode{}},
		refresh: refreshTokens{
			lifetime: o.RefreshLifetime,
			grace:    max(0, o.RefreshGrace),
			max:      maxRefresh,
			byText:   map[string]*refreshToken{},
		},
		revoked: map[string]time.Time{},
	}
}

// StartDevice implements SignIn.
func (e *Entra) StartDevice(_ context.Context, req DeviceRequest) (DeviceCode, error) {
	tenantID, _, refused := e.client(req.Tenant, req.ClientID)
	if refused != nil {
		return DeviceCode{}, refused
	}
	asked, refused := parseScope(req.Scope)
	if refused != nil {
		return DeviceCode{}, refused
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f, refused := e.flows.add(time.Now(), flow{
		deviceCode: "SAQABIQ" + base64.RawURLEncoding.EncodeToString(random(48)),
		userCode:   e.newUserCode(),
		tenantID:   tenantID,
		client:     req.ClientID,
		asked:      asked,
		claims:     req.Claims,
		hint:       req.LoginHint,
	})
	if refused != nil {
		return DeviceCode{}, refused
	}
	e.remember(f.deviceCode)
	page := e.opts.Authority + PagePath
	return DeviceCode{
		UserCode:        f.userCode,
		DeviceCode:      f.deviceCode,
		VerificationURI: page,
		ExpiresIn:       int(e.flows.lifetime.Seconds()),
		Interval:        int(e.flows.interval.Seconds()),
		Message: "To sign in, use a web browser to open the page " + page + " and enter the code " + f.userCode +
			" to authenticate.",
	}, nil
}

// Redeem implements SignIn.
func (e *Entra) Redeem(_ context.Context, req TokenRequest) (Token, error) {
	return e.redeemDevice(req, signJWT)
}

// redeemDevice is Redeem with tokens made by sign.
func (e *Entra) redeemDevice(req TokenRequest, sign func(any) (string, error)) (Token, error) {
	tenantID, refused := e.tenantID(req.Tenant)
	switch {
	case refused != nil:
		return Token{}, refused
	case req.ClientID == "":
		return Token{}, errMissing("client_id")
	case req.DeviceCode == "":
		return Token{}, errMissing("device_code")
	}
	e.mu.Lock()
	f, refused := e.flows.poll(time.Now(), req.DeviceCode, tenantID, req.ClientID)
	e.mu.Unlock()
	if refused != nil {
		return Token{}, refused
	}
	return e.issue(grant{tenantID: tenantID, client: f.client, asked: f.asked, claims: f.claims, clientInfo: req.ClientInfo, sign: sign,
		of: &signedIn{account: f.account, satisfied: demands(f.claims)}})
}

// IssueToken makes an access token for the resource without a sign-in, for tests of token connects. An empty tenant is the
// account's home.
func (e *Entra) IssueToken(tenant, upn, resource string) (string, error) {
	return e.IssueTokenFor(AzureClient, tenant, upn, resource+"/.default")
}

// IssueTokenFor makes an access token with the scopes of that app without a sign-in.
func (e *Entra) IssueTokenFor(client, tenant, upn, scope string) (string, error) {
	tenantID, _, refused := e.client(tenant, client)
	if refused != nil {
		return "", refused
	}
	asked, refused := parseScope(scope)
	if refused != nil {
		return "", refused
	}
	t, err := e.issue(grant{tenantID: tenantID, client: client, asked: asked, sign: signJWT, of: &signedIn{account: upn}})
	return t.AccessToken, err
}

// Revoke ends all sign-ins of an account, as an administrator does who revokes its sessions: its refresh tokens are refused
// with AADSTS50173, and Graph challenges the access tokens that were issued before this second. It returns how many refresh
// tokens there were.
func (e *Entra) Revoke(upn string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, _, known := Home(e.opts.Tenants, upn); known {
		e.revoked[strings.ToLower(upn)] = time.Now()
	}
	return e.refresh.revoke(upn)
}

// signedIn returns the sign-in of a refresh token.
func (e *Entra) signedIn(refresh string) (of signedIn, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, ok := e.refresh.byText[refresh]
	if ok {
		of = *t.of
	}
	return of, ok
}

// Replays returns how often a refresh token was used again after its successor had been handed out, and the grace had passed:
// each is a token that its client lost.
func (e *Entra) Replays() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refresh.replays
}

// Approve signs upn in to the sign-in with that code, as a person on the page would.
func (e *Entra) Approve(userCode, upn string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return orNil(e.flows.approve(time.Now(), userCode, upn))
}

// Decline refuses the sign-in with that code, as a person on the page would.
func (e *Entra) Decline(userCode string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return orNil(e.flows.decline(time.Now(), userCode))
}

// Secrets returns the device codes, authorization codes and tokens of every kind that were handed out, the last 100,000 of them, so that a test can look for
// them where they must not be.
func (e *Entra) Secrets() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.secrets)
}

func (e *Entra) remember(secret string) {
	if len(e.secrets) == maxSecrets {
		e.secrets = slices.Delete(e.secrets, 0, maxSecrets/2)
	}
	e.secrets = append(e.secrets, secret)
}

// client checks the tenant and the client of a request, and returns the tenant's id and the client's app.
func (e *Entra) client(tenant, client string) (string, directory.App, *OAuthError) {
	tenantID, refused := e.tenantID(tenant)
	if refused != nil {
		return "", directory.App{}, refused
	}
	if client == "" {
		return "", directory.App{}, errMissing("client_id")
	}
	app, ok := directory.FindApp(e.opts.Tenants, tenantID, client)
	switch {
	case !ok:
		return "", directory.App{}, errUnknownClient(client, tenant)
	case !app.Public:
		return "", directory.App{}, demanded(7000218)
	}
	return tenantID, app, nil
}

// tenantID turns the tenant of a request into an id, empty for those that mean any.
func (e *Entra) tenantID(tenant string) (string, *OAuthError) {
	switch strings.ToLower(tenant) {
	case "common", "organizations":
		return "", nil
	}
	t, ok := ByID(e.opts.Tenants, tenant)
	if !ok {
		return "", errUnknownTenant(tenant)
	}
	return t.ID, nil
}

// userCodeAlphabet leaves out I, O, 0 and 1, which people mistake for each other. Its 32 letters make a byte's remainder
// even.
const userCodeAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// newUserCode makes a code of nine characters that no flow has.
func (e *Entra) newUserCode() string {
	for {
		code := random(9)
		for i, b := range code {
			code[i] = userCodeAlphabet[int(b)%len(userCodeAlphabet)]
		}
		if _, taken := e.flows.byUser[string(code)]; !taken {
			return string(code)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the program ends where there is no randomness
	return b
}

// orNil keeps a nil *OAuthError from becoming an error that is not nil.
func orNil(e *OAuthError) error {
	if e == nil {
		return nil
	}
	return e
}
