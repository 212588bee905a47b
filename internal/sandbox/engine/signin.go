package engine

import (
	"errors"
	"net/http"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// A connection is what a session has to know of the one it belongs to.
type connection struct{ name, expected string }

// slowDown is what slow_down adds to the interval between polls (RFC 8628, section 3.5).
const slowDown = 5 * time.Second

// signIn signs somebody in to a module by device code; show gets the code. Tenant is an id or "organizations". What Entra
// refuses is returned as it says it.
func (r *run) signIn(m mm.Module, tenantID, client, resource string, show func(sandbox.DeviceCode)) (*account, error) {
	hint := r.connection.expected
	var fault sandbox.FaultKind
	if r.connecting != nil {
		fault = r.connecting.Kind
	}
	switch fault {
	case sandbox.FaultNoCode:
		if err := r.sleep(lasting(*r.connecting, 24*time.Hour)); err != nil {
			return nil, err
		}
		return nil, errors.New("the sandbox showed no code")
	case sandbox.FaultWrongAccount:
		hint = otherAccount(*r.connecting, hint)
	}
	code, err := r.site.signIn.StartDevice(r.ctx, sandbox.DeviceRequest{Tenant: tenantID, ClientID: client,
		Scope: resource + "/.default", LoginHint: hint})
	if err != nil {
		return nil, r.stopping(err)
	}
	show(code)
	if fault == sandbox.FaultDenied {
		return nil, &sandbox.OAuthError{Kind: "authorization_declined", AADSTS: 70000,
			Detail: "The user declined the sign-in request.", Status: http.StatusBadRequest}
	}
	interval := time.Duration(code.Interval) * time.Second
	for {
		if err := r.sleep(interval); err != nil {
			return nil, err
		}
		token, err := r.site.signIn.Redeem(r.ctx, sandbox.TokenRequest{Tenant: tenantID, ClientID: client, DeviceCode: code.DeviceCode})
		var refused *sandbox.OAuthError
		switch {
		case err == nil:
			return r.accept(m, token.AccessToken)
		case errors.As(err, &refused) && refused.Kind == sandbox.KindPending:
		case errors.As(err, &refused) && refused.Kind == sandbox.KindSlowDown:
			interval += slowDown
		default:
			return nil, r.stopping(err)
		}
	}
}

// stopping returns why the run must end where that is why something failed, and err otherwise.
func (r *run) stopping(err error) error {
	if stop := r.live(); stop != nil {
		return stop
	}
	return err
}

// otherAccount is who signs in where the switchboard wants the wrong account.
func otherAccount(f sandbox.Fault, expected string) string {
	if f.Account != "" {
		return f.Account
	}
	home, _, ok := sandbox.Home(tenants(), expected)
	if !ok {
		return expected
	}
	for _, a := range home.Accounts {
		if !home.Guest(a) && !strings.EqualFold(a.UserPrincipalName, expected) {
			return a.UserPrincipalName
		}
	}
	return expected
}

// refusedSignIn is the terminating error of a connect command.
func refusedSignIn(err error, id string) error {
	if errors.Is(err, errStopped) || errors.Is(err, errDead) {
		return err
	}
	f := fail(err.Error(), id, "OperationStopped", "")
	f.Terminating = true
	return f
}

// refusedOr is refusedSignIn where there is an error.
func refusedOr(err error) error {
	if err == nil {
		return nil
	}
	return refusedSignIn(err, "ConnectFailed")
}

// words are what a module says where it refuses.
type words string

func (w words) Error() string { return string(w) }
