package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TokenLifetime is how long an access token is valid.
const TokenLifetime = 75 * time.Minute

// Claims are what an access token of the sandbox says.
type Claims struct {
	Audience  string `json:"aud"` // the resource: https://outlook.office365.com
	Issuer    string `json:"iss"`
	IssuedAt  int64  `json:"iat"` // Unix seconds
	Expires   int64  `json:"exp"` // Unix seconds
	AppID     string `json:"appid"`
	Name      string `json:"name"`
	ObjectID  string `json:"oid"`
	Scope     string `json:"scp"`
	TenantID  string `json:"tid"`
	UPN       string `json:"upn"`
	UniqueID  string `json:"uti"` // random, so that no two tokens are equal
	TokenType string `json:"idtyp"`
}

// ParseToken reads the claims of an access token. It does not verify the signature: that is random bytes, nobody can.
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

// encode makes a JWT of the claims that looks signed.
func (c Claims) encode(signature []byte) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("sandbox: encoding a token: %w", err)
	}
	b := base64.RawURLEncoding
	return b.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256","kid":"sandbox"}`)) + "." +
		b.EncodeToString(payload) + "." + b.EncodeToString(signature), nil
}

// resourceOf returns the resource that a scope asks for: the first one with a path, less its last segment. A scope without
// one is Graph's.
func resourceOf(scope string) string {
	for s := range strings.FieldsSeq(scope) {
		if i := strings.LastIndexByte(s, '/'); i > 0 {
			return strings.TrimRight(s[:i], "/")
		}
	}
	return GraphResource
}
