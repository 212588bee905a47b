package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TokenLifetime is how long an access token is valid where EntraOptions do not say.
const TokenLifetime = 75 * time.Minute

// Claims are what an access token of the sandbox says: those of Entra's v2.0 tokens, and of v1.0 what programs look for.
type Claims struct {
	Audience     string   `json:"aud"` // the resource: https://outlook.office365.com
	Issuer       string   `json:"iss"`
	IssuedAt     int64    `json:"iat"` // Unix seconds
	NotBefore    int64    `json:"nbf"` // Unix seconds
	Expires      int64    `json:"exp"` // Unix seconds
	AppID        string   `json:"appid"`
	Party        string   `json:"azp"` // AppID again, by its v2.0 name
	Name         string   `json:"name"`
	ObjectID     string   `json:"oid"`
	Subject      string   `json:"sub"`
	Scope        string   `json:"scp"` // names, by spaces
	TenantID     string   `json:"tid"`
	UPN          string   `json:"upn"`
	Username     string   `json:"preferred_username"`
	UniqueID     string   `json:"uti"` // random, so that no two tokens are equal
	TokenType    string   `json:"idtyp"`
	Version      string   `json:"ver"`
	Capabilities []string `json:"xms_cc,omitempty"` // CP1: the client understands claims challenges
	// Contexts are the authentication contexts that the sign-in satisfied: c1 where claims were asked for.
	Contexts []string `json:"acrs,omitempty"`
}

// idClaims are what an id token says.
type idClaims struct {
	Audience  string `json:"aud"` // the client
	Issuer    string `json:"iss"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
	Name      string `json:"name"`
	ObjectID  string `json:"oid"`
	Subject   string `json:"sub"`
	TenantID  string `json:"tid"`
	Username  string `json:"preferred_username"`
	Nonce     string `json:"nonce,omitempty"`
	UniqueID  string `json:"uti"`
	Version   string `json:"ver"`
}

// ParseToken reads the claims of an access token. It does not verify the signature, as clients do not; Entra.Verify does.
func ParseToken(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("sandbox: the token is not a JWT of three segments")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, fmt.Errorf("sandbox: the token's payload: %w", err)
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, fmt.Errorf("sandbox: the token's payload: %w", err)
	}
	return c, nil
}

// Errors of Verify besides those of tokens that are none.
var (
	ErrTokenExpired = errors.New("sandbox: the token has expired")
	ErrTokenRevoked = errors.New("sandbox: the account's sign-ins were revoked after the token was issued")
)

// Verify returns the claims of an access token for a resource, as the service behind the resource does: the signature, the
// audience and the time are checked. The error of a revoked token comes with its claims.
func (e *Entra) Verify(token, resource string) (Claims, error) {
	c, err := ParseToken(token)
	if err != nil {
		return Claims{}, err
	}
	if err := checkSignature(token); err != nil {
		return Claims{}, err
	}
	if c.Audience != resource {
		return Claims{}, fmt.Errorf("sandbox: the token is for %s and not for %s", c.Audience, resource)
	}
	if time.Now().Unix() >= c.Expires {
		return Claims{}, ErrTokenExpired
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if revoked, ok := e.revoked[strings.ToLower(c.UPN)]; ok && c.IssuedAt < revoked.Unix() {
		return c, ErrTokenRevoked
	}
	return c, nil
}
