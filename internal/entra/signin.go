package entra

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// An attempt is one sign-in under way.
type attempt struct {
	question
	scopes []string
	msal   public.Client
	until  time.Time // when the challenge ends
	shown  func(mm.Challenge)
	pasted <-chan string
	log    *slog.Logger
}

// SignIn implements mm.Identity. MSAL works on an empty cache of its own, so that waiting for a person keeps nobody from the
// connection's cache, and nothing of a wrong account is ever in it.
func (i *Identity) SignIn(ctx context.Context, c mm.Connection, r mm.SignInRequest, shown func(mm.Challenge)) (mm.Token, error) {
	q := question{conn: c, audience: r.Audience, host: r.Host, claims: r.Claims, method: r.Method}
	known, refused := i.client(c)
	if refused != nil {
		return mm.Token{}, refused
	}
	tenant, err := i.TenantID(ctx, c)
	if err != nil {
		return mm.Token{}, err
	}
	a := attempt{question: q, scopes: c.Scopes(r.Audience, r.Host), until: time.Now().Add(mm.ChallengeLifetime), shown: shown, pasted: r.Pasted, log: i.log}
	if a.msal, refused = i.newMSAL(known); refused != nil {
		return mm.Token{}, refused
	}
	by := a.byDeviceCode
	if r.Method == mm.Browser {
		by = a.byBrowser
	}
	fresh := &blank{}
	res, err := by(with(ctx, fresh))
	if err != nil {
		if errors.Is(err, errUnused) {
			return mm.Token{}, mm.Errorf(mm.Timeout, q.fill("Ask again for a new one: mm sign-in {connection}"), "Nobody completed the sign-in of %s in time.", c.Name)
		}
		return mm.Token{}, i.explain(err, q)
	}
	token, refused := signedIn(res, c, tenant)
	if refused != nil {
		i.log.Warn("a wrong account signed in", slog.String("connection", c.Name))
		return mm.Token{}, refused
	}
	if err := i.keep(ctx, c, fresh.text); err != nil {
		return mm.Token{}, i.explain(err, q)
	}
	i.log.Info("signed in", slog.String("connection", c.Name), slog.String("account", token.Account.Username), slog.String("tenant", token.Account.TenantID))
	return token, nil
}

// errUnused says that nobody did what the challenge asks for, as long as it was valid.
var errUnused = errors.New("the challenge has expired")

// keep replaces the connection's cache.
func (i *Identity) keep(ctx context.Context, c mm.Connection, text []byte) error {
	held, err := i.store.Open(ctx, c)
	if err != nil {
		return err
	}
	// A sign-out or another sign-in may have ended this one while it waited for its turn.
	if err = ctx.Err(); err == nil {
		err = held.Save(text)
	}
	return errors.Join(err, held.Close())
}
