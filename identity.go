package mm

import (
	"context"
	"fmt"
	"time"
)

// An Identity signs the account of a connection in with the connection's own app, and hands out its tokens. It may be used
// from any goroutine. A connection's tokens are kept where it keeps them; other processes may use the same place.
type Identity interface {
	// Token returns a token for an audience without asking anybody: a cached one that lives for TokenMargin, or a new
	// one by the refresh token. The account and tenant are those that the connection expects. The error is an *Interaction
	// where only a person can help, an *Error otherwise.
	Token(ctx context.Context, c Connection, r TokenRequest) (Token, error)

	// SignIn lets a person sign in, and returns when that was done, refused, or the challenge expired (code timeout). shown
	// gets the challenge once it is there. An account or tenant that is not the expected one is forgotten and an *Error with
	// code wrong_account. The error is an *Interaction where another method may help.
	SignIn(ctx context.Context, c Connection, r SignInRequest, shown func(Challenge)) (Token, error)

	// SignOut forgets the tokens of the connection. It reports whether there were any.
	SignOut(ctx context.Context, c Connection) (bool, error)
}

// A TokenRequest says what a token is for.
type TokenRequest struct {
	Audience Audience
	Host     string // of AudienceSharePoint
	// Fresh asks for a new token although a cached one lives: it was rejected.
	Fresh bool
	// Claims is what a resource demanded in a claims challenge, as JSON. A token of the cache does not satisfy it.
	Claims string
}

// A SignInRequest says how a person signs in.
type SignInRequest struct {
	Audience Audience // which is asked for first
	Host     string
	Claims   string
	Method   SignInMethod
	// Pasted gives the address that the browser was sent to, where it could not reach this machine. May be nil.
	Pasted <-chan string
}

// A SignInMethod is the way in which a person signs in.
type SignInMethod string

// The methods.
const (
	// DeviceCode shows a code that is typed on another page. Conditional Access blocks it in many tenants.
	DeviceCode SignInMethod = "device_code"
	// Browser sends a browser to Entra and back to a port of this machine (authorization code with PKCE).
	Browser SignInMethod = "browser"
)

// TokenMargin is how long a cached token must still live to be handed out.
const TokenMargin = 5 * time.Minute

// A Token is an access token and whom it was given to.
type Token struct {
	Text      Secret
	ExpiresAt time.Time
	Scopes    []string
	Account   Account
}

// An Account is who is signed in.
type Account struct {
	Username string // admin@contoso.com
	TenantID string // of the token, not of the account's home
	ObjectID string
}

// An Interaction is the error of a token that only a person can get.
type Interaction struct {
	Why InteractionReason
	// Claims is for the sign-in's request, where Why is NeedsClaims.
	Claims string
	Err    *Error
}

func (i *Interaction) Error() string { return fmt.Sprintf("%s: %s", i.Why, i.Err) }

// Unwrap returns what to tell people.
func (i *Interaction) Unwrap() error { return i.Err }

// An InteractionReason says why a person is needed.
type InteractionReason string

// The reasons.
const (
	NoAccount    InteractionReason = "no_account"    // nobody is signed in
	Expired      InteractionReason = "expired"       // the refresh token is not valid any more
	NeedsClaims  InteractionReason = "needs_claims"  // the resource or a policy wants more: a second factor, another place
	NeedsConsent InteractionReason = "needs_consent" // the app may not have tokens for this audience; a sign-in alone does not help
	NeedsBrowser InteractionReason = "needs_browser" // a policy of the tenant refuses device codes; a browser may do
)

// A TokenStore keeps the token caches, one for each connection and authority. Processes that use the same place do not
// disturb each other.
type TokenStore interface {
	// Open takes the cache of a connection for the caller alone, in all processes, until it is closed. It waits for others
	// as long as ctx.
	Open(ctx context.Context, c Connection) (TokenCache, error)

	// Remove forgets the cache of a connection. It reports whether there was one.
	Remove(ctx context.Context, c Connection) (bool, error)
}

// A TokenCache is one cache in the hands of one caller.
type TokenCache interface {
	// Load returns what was saved last; nil where nothing was, or where it was damaged and has been set aside.
	Load() ([]byte, error)
	// Save replaces it, whole or not at all, even where the process or the machine ends in between.
	Save(cache []byte) error
	Close() error
}
