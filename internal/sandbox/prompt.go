package sandbox

import "context"

// Prompt is an Entra at which the account of the login hint signs in before the first poll, and at which nobody has to wait
// between polls: for tests with thousands of sessions. It is a SignIn.
type Prompt struct{ *Entra }

// StartDevice begins a sign-in that is approved already.
func (p Prompt) StartDevice(ctx context.Context, r DeviceRequest) (DeviceCode, error) {
	c, err := p.Entra.StartDevice(ctx, r)
	if err == nil {
		err = p.Approve(c.UserCode, r.LoginHint)
	}
	c.Interval = 0
	return c, err
}

// Redeem gives tokens that only look signed: signing thousands would take most of such a test's time.
func (p Prompt) Redeem(_ context.Context, r TokenRequest) (Token, error) {
	return p.redeemDevice(r, lookalikeJWT)
}
