package entra

import (
	"context"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// Token implements mm.Identity. The connection's cache is locked from before it is read until after the new tokens are saved.
func (i *Identity) Token(ctx context.Context, c mm.Connection, r mm.TokenRequest) (mm.Token, error) {
	q := question{conn: c, audience: r.Audience, host: r.Host, claims: r.Claims}
	known, refused := i.client(c)
	if refused != nil {
		return mm.Token{}, refused
	}
	tenant, err := i.TenantID(ctx, c)
	if err != nil {
		return mm.Token{}, err
	}
	scopes := c.Scopes(r.Audience, r.Host)
	kept := &stored{store: i.store, conn: c, log: i.log}
	if r.Fresh {
		kept.stale = scopes
	}
	if err := kept.open(ctx); err != nil {
		return mm.Token{}, i.explain(err, q)
	}
	defer kept.close()
	ctx = with(ctx, kept)
	accounts, err := known.msal.Accounts(ctx)
	if err != nil {
		return mm.Token{}, i.explain(err, q)
	}
	account, ok := pick(accounts, c, tenant)
	if !ok {
		return mm.Token{}, nobody(q)
	}
	options := []public.AcquireSilentOption{public.WithSilentAccount(account)}
	if r.Claims != "" {
		options = append(options, public.WithClaims(r.Claims))
	}
	res, err := known.msal.AcquireTokenSilent(ctx, scopes, options...)
	switch {
	case err == nil:
	case res.AccessToken != "" && transient(err) && time.Until(res.ExpiresOn) >= mm.TokenMargin:
		// MSAL wanted to renew it early, which has time.
	case strings.Contains(err.Error(), "no token found"): // how MSAL says that there is no refresh token
		return mm.Token{}, nobody(q)
	default:
		return mm.Token{}, i.explain(err, q)
	}
	token, refused := signedIn(res, c, tenant)
	if refused != nil {
		if err := known.msal.RemoveAccount(ctx, account); err != nil {
			return mm.Token{}, i.explain(err, q)
		}
		return mm.Token{}, refused
	}
	return token, nil
}

// nobody is the answer where no account of the cache fits the connection.
func nobody(q question) *mm.Interaction {
	return &mm.Interaction{Why: mm.NoAccount, Claims: q.claims,
		Err: mm.Errorf(mm.SignInFailed, q.fill(signInAgain), "Nobody is signed in to connection %s.", q.conn.Name)}
}
