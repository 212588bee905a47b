package sandbox

import (
	"strings"
	"time"
)

// flows are the device code sign-ins that Entra holds: a pure state machine. The time and the codes come in with each call.
// It is not safe for concurrent use.
type flows struct {
	tenants      []Tenant
	lifetime     time.Duration // of a code
	interval     time.Duration // between polls, at first
	approveAfter time.Duration // 0: only a person approves
	max          int           // flows held at once

	byDevice map[string]*flow
	byUser   map[string]*flow
}

// A flow is one sign-in. Its fields do not change but for the last group.
type flow struct {
	deviceCode string
	userCode   string
	tenantID   string // empty: any tenant (common, organizations)
	client     string
	asked      wish
	claims     string // what the client asks for in a claims request, as JSON
	hint       string // who is expected to sign in; approves by itself after approveAfter
	created    time.Time

	interval time.Duration
	polled   time.Time // zero: not yet
	decision decision
	account  string // who approved
}

type decision int

const (
	undecided decision = iota
	approved
	declined
)

// slowDownStep is what slow_down adds to the interval (RFC 8628, section 3.5).
const slowDownStep = 5 * time.Second

// add holds a new flow.
func (s *flows) add(now time.Time, f flow) (*flow, *OAuthError) {
	if len(s.byDevice) >= s.max {
		s.forget(now)
	}
	if len(s.byDevice) >= s.max {
		return nil, errTooMany(s.max)
	}
	f.created, f.interval = now, s.interval
	s.byDevice[f.deviceCode] = &f
	s.byUser[f.userCode] = &f
	return &f, nil
}

// forget drops the flows whose code expired one lifetime ago: until then a client that asks late is still told expired_token
// rather than that its code is unknown.
func (s *flows) forget(now time.Time) {
	for _, f := range s.byDevice {
		if now.Sub(f.created) >= 2*s.lifetime {
			s.drop(f)
		}
	}
}

func (s *flows) drop(f *flow) {
	delete(s.byDevice, f.deviceCode)
	delete(s.byUser, f.userCode)
}

// poll answers a client that asks for its token: the flow, approved and no longer held, or why not.
func (s *flows) poll(now time.Time, deviceCode, tenantID, client string) (*flow, *OAuthError) {
	f, ok := s.byDevice[deviceCode]
	if !ok || f.client != client || f.tenantID != tenantID {
		return nil, errBadDeviceCode()
	}
	if s.expired(now, f) {
		return nil, errExpired()
	}
	early := !f.polled.IsZero() && now.Sub(f.polled) < f.interval
	f.polled = now
	s.approveDue(now, f)
	switch {
	case f.decision == undecided && early: // says pending, too (RFC 8628): what is decided is told at once
		f.interval += slowDownStep
		return nil, errSlowDown()
	case f.decision == undecided:
		return nil, errPending()
	case f.decision == declined:
		return nil, errDeclined()
	}
	s.drop(f)
	return f, nil
}

// find returns the flow in which a person may still type its code.
func (s *flows) find(now time.Time, userCode string) (*flow, *OAuthError) {
	f, ok := s.byUser[normalUserCode(userCode)]
	if !ok || s.expired(now, f) {
		return nil, errBadUserCode()
	}
	if s.approveDue(now, f); f.decision != undecided {
		return nil, errBadUserCode()
	}
	return f, nil
}

// approve signs the account in to the flow with that code.
func (s *flows) approve(now time.Time, userCode, upn string) *OAuthError {
	f, err := s.find(now, userCode)
	if err != nil {
		return err
	}
	if _, _, err := s.identify(f.tenantID, upn); err != nil {
		return err
	}
	f.decision, f.account = approved, upn
	return nil
}

// decline refuses the flow with that code.
func (s *flows) decline(now time.Time, userCode string) *OAuthError {
	f, err := s.find(now, userCode)
	if err != nil {
		return err
	}
	f.decision = declined
	return nil
}

// approveDue carries out the automatic approval once its time has come. It happens when somebody looks, so no timer is
// needed. A hint that may not sign in to the tenant leaves the flow to a person.
func (s *flows) approveDue(now time.Time, f *flow) {
	if s.approveAfter <= 0 || f.hint == "" || f.decision != undecided || now.Sub(f.created) < s.approveAfter {
		return
	}
	if _, _, err := s.identify(f.tenantID, f.hint); err == nil {
		f.decision, f.account = approved, f.hint
	}
}

func (s *flows) expired(now time.Time, f *flow) bool { return now.Sub(f.created) >= s.lifetime }

// identify returns the tenant and the account that a sign-in of upn to the tenant gives; an empty tenantID is the account's
// home.
func (s *flows) identify(tenantID, upn string) (Tenant, Account, *OAuthError) {
	home, a, ok := Home(s.tenants, upn)
	switch {
	case !ok:
		return Tenant{}, Account{}, errUnknownUser(upn)
	case tenantID == "":
		return home, a, nil
	}
	t, _ := ByID(s.tenants, tenantID)
	if a, ok = t.Account(upn); !ok {
		return Tenant{}, Account{}, errNotMember(upn, t.DisplayName)
	}
	return t, a, nil
}

// candidates lists the accounts that may sign in to the flow.
func (s *flows) candidates(f *flow) []Account {
	var out []Account
	for _, t := range s.tenants {
		for _, a := range t.Accounts {
			if f.tenantID == t.ID || f.tenantID == "" && !t.Guest(a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// normalUserCode is the code as it was handed out, whatever spaces, dashes and letter case a person types it with.
func normalUserCode(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(typed)))
}
