package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
)

// signingKey signs the tokens of all Entras of this process. It is made when the first token is, and is nowhere but in memory.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("sandbox: making a key: " + err.Error()) // there is no randomness: nothing can go on
	}
	return key
})

// keyID names the signing key in a token's header.
var keyID = sync.OnceValue(func() string {
	sum := sha256.Sum256(signingKey().N.Bytes())
	return encodeSegment(sum[:20])
})

func encodeSegment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// signJWT makes a JWT of the claims, signed by RS256.
func signJWT(claims any) (string, error) {
	unsigned, err := unsignedJWT(claims, keyID())
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(nil, signingKey(), crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sandbox: signing a token: %w", err)
	}
	return unsigned + "." + encodeSegment(signature), nil
}

// lookalikeJWT makes a JWT whose signature nobody accepts, for those who never look: signing takes a millisecond.
func lookalikeJWT(claims any) (string, error) {
	unsigned, err := unsignedJWT(claims, "none")
	return unsigned + "." + encodeSegment(random(48)), err
}

func unsignedJWT(claims any, key string) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sandbox: encoding a token: %w", err)
	}
	return encodeSegment([]byte(`{"typ":"JWT","alg":"RS256","kid":"`+key+`"}`)) + "." + encodeSegment(payload), nil
}

var errSignature = errors.New("sandbox: the token's signature is not valid")

// checkSignature returns an error unless this process signed the token.
func checkSignature(token string) error {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return errSignature
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	if err != nil {
		return errSignature
	}
	sum := sha256.Sum256([]byte(token[:i]))
	if rsa.VerifyPKCS1v15(&signingKey().PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return errSignature
	}
	return nil
}

// serveKeys answers with the public key (RFC 7517).
func (e *Entra) serveKeys(w http.ResponseWriter, _ *http.Request) {
	key := signingKey().PublicKey
	e.answer(w, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID(),
		"n": encodeSegment(key.N.Bytes()), "e": encodeSegment(big.NewInt(int64(key.E)).Bytes()),
	}}}, nil)
}
