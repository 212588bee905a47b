package sandbox

import "context"

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
	Claims    string // a claims request, as JSON; may be empty
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
	ClientInfo bool // the answer shall have Token.ClientInfo
}

// A Token is what a sign-in ends with. AccessToken, RefreshToken and IDToken are secrets; ParseToken reads the first.
type Token struct {
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
	ExpiresIn   int    `json:"expires_in"`     // seconds
	Extended    int    `json:"ext_expires_in"` // seconds for which it may do while Entra is down
	AccessToken string `json:"access_token"`
	// What follows is there where it was asked for.
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"` // base64url of JSON: uid and utid, the account in its home tenant
	Family       string `json:"foci,omitempty"`        // 1 for Microsoft's own apps, which share refresh tokens
}
