package entra

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// byBrowser shows the address of Entra's sign-in page, waits until a browser comes back from it to a port of this machine, or
// somebody pastes the address that it was sent to, and redeems the code that it brings (RFC 8252, RFC 7636).
func (a attempt) byBrowser(ctx context.Context) (public.AuthResult, error) {
	valid, cancel := context.WithDeadline(ctx, a.until)
	defer cancel()
	state, verifier := rand.Text(), rand.Text()+rand.Text()
	back, err := listen(valid, state, a.log)
	if err != nil {
		return public.AuthResult{}, err
	}
	defer back.close()
	address, err := a.page(valid, back.address, state, verifier)
	if err != nil {
		return public.AuthResult{}, err
	}
	a.shown(mm.Challenge{URL: address, ExpiresAt: a.until, Account: a.conn.ExpectedEmail,
		Message: "To sign in, open the address in a browser on this computer. With a browser on another one, give the address that it " +
			"cannot open at the end to: mm sign-in " + quoted(a.conn.Name) + " --paste"})
	got, err := a.await(valid, back, state)
	switch {
	case ctx.Err() != nil:
		return public.AuthResult{}, ctx.Err()
	case err != nil:
		return public.AuthResult{}, err
	case got.refused != nil:
		return public.AuthResult{}, got.refused
	}
	options := []public.AcquireByAuthCodeOption{public.WithChallenge(verifier)}
	if a.claims != "" {
		options = append(options, public.WithClaims(a.claims))
	}
	return a.msal.AcquireTokenByAuthCode(ctx, got.code, back.address, a.scopes, options...)
}

// page is the address of Entra's sign-in page for this attempt. MSAL has no options for the last few parameters.
func (a attempt) page(ctx context.Context, back, state, verifier string) (string, error) {
	options := []public.AuthCodeURLOption{public.WithLoginHint(a.conn.ExpectedEmail), public.WithClaims(a.claims)}
	scopes := append(slices.Clone(a.scopes), "openid", "offline_access", "profile")
	address, err := a.msal.AuthCodeURL(ctx, a.conn.AppID, back, scopes, options...)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	challenge := sha256.Sum256([]byte(verifier))
	q := u.Query()
	q.Set("state", state)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	q.Set("code_challenge_method", "S256")
	q.Set("prompt", "select_account")
	q.Set("response_mode", "query") // what is posted to a machine that the browser cannot reach could not be pasted
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// await returns what the browser brings, or what somebody pastes.
func (a attempt) await(ctx context.Context, back *redirect, state string) (comeback, error) {
	pasted := a.pasted
	for {
		select {
		case <-ctx.Done():
			return comeback{}, errUnused
		case got := <-back.got:
			return got, nil
		case text, open := <-pasted:
			if !open {
				pasted = nil
				continue
			}
			if got, ok := readComeback(pastedQuery(text), state); ok {
				return got, nil
			}
			a.log.Warn("an address was pasted that is not this sign-in's", slog.String("connection", a.conn.Name))
		}
	}
}

// A comeback is what a browser brings back from Entra: a code, or why there is none.
type comeback struct {
	code    string
	refused *refusal
}

// readComeback reads the query of the address that a browser was sent to. It is not ok where it is not the answer to this
// sign-in.
func readComeback(q url.Values, state string) (comeback, bool) {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
		return comeback{}, false
	}
	got := comeback{code: q.Get("code"), refused: refusalIn(q)}
	return got, got.code != "" || got.refused != nil
}

// pastedQuery reads what a person copied: the whole address, or only what follows its question mark.
func pastedQuery(text string) url.Values {
	text = strings.Trim(text, " \t\r\n\"'<>")
	if _, query, ok := strings.Cut(text, "?"); ok {
		text = query
	}
	text, _, _ = strings.Cut(text, "#")
	q, _ := url.ParseQuery(text) // what can be read of it
	return q
}
