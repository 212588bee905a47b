package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"
)

// EntraOptions are the settings of the stand-in. Zero values mean the defaults.
type EntraOptions struct {
	Tenants      []Tenant      // Tenants()
	Lifetime     time.Duration // of a code: 900 s, at most a day
	Interval     time.Duration // between polls: 1 s, whole seconds (real Entra: 5 s)
	ApproveAfter time.Duration // approve with the login hint after that time; 0: only a person approves
	MaxFlows     int           // sign-ins held at once: 20,000
	Authority    string        // base address, for the page's address and the metadata: https://login.sandbox.invalid
}

// maxSecrets bounds what Secrets remembers.
const maxSecrets = 100_000

// Entra is a stand-in for Entra's device code endpoints. It may be used from any goroutine. It has no timers: everything
// happens when somebody asks.
type Entra struct {
	opts EntraOptions

	mu      sync.Mutex
	flows   flows
	secrets []string
}

// NewEntra returns an Entra without flows. Handler serves it over HTTP.
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
	return &Entra{opts: o, flows: flows{
		tenants:      o.Tenants,
		lifetime:     min(o.Lifetime, 24*time.Hour),
		interval:     o.Interval.Truncate(time.Second),
		approveAfter: o.ApproveAfter,
		max:          o.MaxFlows,
		byDevice:     map[string]*flow{},
		byUser:       map[string]*flow{},
	}}
}

// StartDevice implements SignIn.
func (e *Entra) StartDevice(_ context.Context, req DeviceRequest) (DeviceCode, error) {
	tenantID, refused := e.tenantID(req.Tenant)
	switch {
	case refused != nil:
		return DeviceCode{}, refused
	case req.ClientID == "":
		return DeviceCode{}, errMissing("client_id")
	case req.Scope == "":
		return DeviceCode{}, errMissing("scope")
	case !knowsClient(e.opts.Tenants, tenantID, req.ClientID):
		return DeviceCode{}, errUnknownClient(req.ClientID, req.Tenant)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f, refused := e.flows.add(time.Now(), flow{
		deviceCode: "SAQABIQ" + base64.RawURLEncoding.EncodeToString(random(48)),
		userCode:   e.newUserCode(),
		tenantID:   tenantID,
		client:     req.ClientID,
		resource:   resourceOf(req.Scope),
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
	defer e.mu.Unlock()
	now := time.Now()
	f, refused := e.flows.poll(now, req.DeviceCode, tenantID, req.ClientID)
	if refused != nil {
		return Token{}, refused
	}
	access, err := e.issue(now, f)
	if err != nil {
		return Token{}, err
	}
	return Token{
		TokenType:   "Bearer",
		Scope:       f.resource + "/.default",
		ExpiresIn:   int(TokenLifetime.Seconds()),
		AccessToken: access,
	}, nil
}

// IssueToken makes an access token for the resource without a sign-in, for tests of token connects. An empty tenant is the
// account's home.
func (e *Entra) IssueToken(tenant, upn, resource string) (string, error) {
	tenantID, refused := e.tenantID(tenant)
	if refused != nil {
		return "", refused
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, _, refused := e.flows.identify(tenantID, upn); refused != nil {
		return "", refused
	}
	return e.issue(time.Now(), &flow{tenantID: tenantID, account: upn, resource: resource, client: AzureClient})
}

// issue makes the token of an approved flow.
func (e *Entra) issue(now time.Time, f *flow) (string, error) {
	t, a, refused := e.flows.identify(f.tenantID, f.account)
	if refused != nil {
		return "", refused
	}
	access, err := Claims{
		Audience:  f.resource,
		Issuer:    e.opts.Authority + "/" + t.ID + "/v2.0",
		IssuedAt:  now.Unix(),
		Expires:   now.Add(TokenLifetime).Unix(),
		AppID:     f.client,
		Name:      a.DisplayName,
		ObjectID:  a.ObjectID,
		Scope:     "user_impersonation",
		TenantID:  t.ID,
		UPN:       a.UserPrincipalName,
		UniqueID:  base64.RawURLEncoding.EncodeToString(random(16)),
		TokenType: "user",
	}.encode(random(48))
	if err != nil {
		return "", err
	}
	e.remember(access)
	return access, nil
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

// Secrets returns the device codes and tokens that were handed out, the last 100,000 of them, so that a test can look for
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
