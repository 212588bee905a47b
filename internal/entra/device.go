package entra

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// byDeviceCode shows a device code and asks Entra until a person has used it. MSAL gives up when one of its questions is not
// answered; a person who is typing must not notice that.
func (a attempt) byDeviceCode(ctx context.Context) (public.AuthResult, error) {
	var options []public.AcquireByDeviceCodeOption
	if a.claims != "" {
		options = append(options, public.WithClaims(a.claims))
	}
	code, err := a.msal.AcquireTokenByDeviceCode(ctx, a.scopes, options...)
	if err != nil {
		return public.AuthResult{}, err
	}
	until := a.until
	if code.Result.ExpiresOn.Before(until) {
		until = code.Result.ExpiresOn
	}
	// The address is the cloud's own, whatever the answer says.
	page := a.conn.Endpoints().DeviceLogin
	a.shown(mm.Challenge{UserCode: code.Result.UserCode, URL: page, ExpiresAt: until, Account: a.conn.ExpectedEmail,
		Message: fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, code.Result.UserCode)})
	valid, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	pause := time.Duration(max(1, code.Result.Interval)) * time.Second
	for {
		res, err := code.AuthenticationResult(valid)
		switch {
		case err == nil:
			return res, nil
		case ctx.Err() != nil:
			return res, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return res, errUnused
		case !transient(err):
			return res, err
		}
		a.log.Warn("asking whether a device code was used failed; mm asks again", slog.String("connection", a.conn.Name), slog.String("error", safe(err)))
		select {
		case <-valid.Done():
		case <-time.After(pause):
		}
	}
}
