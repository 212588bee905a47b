package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// A SignIn is Entra's device code flow as a client sees it. Entra is one, in process; EntraClient is one, over HTTP.
type SignIn interface {
	// StartDevice begins a sign-in. The error is an *OAuthError where Entra refuses.
	StartDevice(ctx context.Context, req DeviceRequest) (DeviceCode, error)
	// Redeem asks for the token of a sign-in, not more often than DeviceCode.Interval. The error is an *OAuthError; while a
	// person has not decided, its kind is KindPending, or KindSlowDown, after which the client waits 5 s longer each time.
	Redeem(ctx context.Context, req TokenRequest) (Token, error)
}

// A DeviceRequest asks for a device code.
type DeviceRequest struct {
	Tenant   string // an id or a domain; "organizations" or "common": the home tenant of whoever signs in
	ClientID string
	Scope    string // RESOURCE/.default
	// LoginHint is the account that is expected to sign in. Real Entra has no such field here; it tells the automatic approval
	// whom to sign in, and means nothing otherwise.
	LoginHint string
}

// A DeviceCode is Entra's answer to a DeviceRequest. DeviceCode is a secret.
type DeviceCode struct {
	UserCode        string `json:"user_code"`
	DeviceCode      string `json:"device_code"`
	VerificationURI string `json:"verification_uri"`
	ExpiresIn       int    `json:"expires_in"` // seconds
	Interval        int    `json:"interval"`   // seconds
	Message         string `json:"message"`
}

// A TokenRequest asks for the token of a device code.
type TokenRequest struct {
	Tenant     string
	ClientID   string
	DeviceCode string
}

// A Token is what a sign-in ends with. AccessToken is a secret; ParseToken reads it.
type Token struct {
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	AccessToken string `json:"access_token"`
}

// EntraOptions are the settings of the stand-in. Zero values mean the defaults.
type EntraOptions struct {
	Tenants      []Tenant      // Tenants()
	Lifetime     time.Duration // of a code: 900 s, at most a day
	Interval     time.Duration // between polls: 1 s, whole seconds (real Entra: 5 s)
	ApproveAfter time.Duration // approve with the login hint after that time; 0: only a person approves
	MaxFlows     int           // sign-ins held at once: 20,000
	Authority    string        // base address, for the page's address and the metadata: https://login.sandbox.invalid
	Random       io.Reader     // crypto/rand.Reader
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
	if o.Random == nil {
		o.Random = rand.Reader
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
	userCode, err := e.newUserCode()
	if err != nil {
		return DeviceCode{}, err
	}
	secret, err := e.random(48)
	if err != nil {
		return DeviceCode{}, err
	}
	f, refused := e.flows.add(time.Now(), flow{
		deviceCode: "SAQABIQ" + base64.RawURLEncoding.EncodeToString(secret),
		userCode:   userCode,
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
	noise, err := e.random(64)
	if err != nil {
		return "", err
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
		UniqueID:  base64.RawURLEncoding.EncodeToString(noise[:16]),
		TokenType: "user",
	}.encode(noise[16:])
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
func (e *Entra) newUserCode() (string, error) {
	for {
		b, err := e.random(9)
		if err != nil {
			return "", err
		}
		for i := range b {
			b[i] = userCodeAlphabet[int(b[i])%len(userCodeAlphabet)]
		}
		if _, taken := e.flows.byUser[string(b)]; !taken {
			return string(b), nil
		}
	}
}

func (e *Entra) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(e.opts.Random, b); err != nil {
		return nil, fmt.Errorf("sandbox: no randomness: %w", err)
	}
	return b, nil
}

// orNil keeps a nil *OAuthError from becoming an error that is not nil.
func orNil(e *OAuthError) error {
	if e == nil {
		return nil
	}
	return e
}
