package sandbox

import (
	"fmt"
	"testing"
	"time"
)

// newFlows returns flows over the three tenants with one flow in each: device code "d", user code "USERCODE2".
func newFlows(t *testing.T, tenant, hint string, approveAfter time.Duration) *flows {
	t.Helper()
	s := &flows{
		tenants: Tenants(), lifetime: 900 * time.Second, interval: 5 * time.Second, approveAfter: approveAfter, max: 3,
		byDevice: map[string]*flow{}, byUser: map[string]*flow{},
	}
	if tenant != "" {
		found, _ := ByID(s.tenants, tenant)
		tenant = found.ID
	}
	if _, err := s.add(start, flow{deviceCode: "d", userCode: "USERCODE2", tenantID: tenant, client: "app", hint: hint}); err != nil {
		t.Fatal(err)
	}
	return s
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// A move is one thing that happens to a flow, seconds after it began, and what comes of it: "" or the kind of the refusal.
type move struct {
	at   float64
	do   string // poll, deny, or the account that approves
	want string
}

func TestAFlowAnswersLikeEntra(t *testing.T) {
	for _, c := range []struct {
		name   string
		tenant string
		hint   string
		after  time.Duration
		moves  []move
	}{
		{name: "pending until a person approves, then one token", tenant: "contoso.com", moves: []move{
			{5, "poll", KindPending}, {7, "admin@contoso.com", ""}, {10, "poll", ""}, {15, "poll", "bad_verification_code"},
		}},
		{name: "declined stays declined", tenant: "contoso.com", moves: []move{
			{3, "deny", ""}, {5, "poll", "authorization_declined"}, {10, "poll", "authorization_declined"},
		}},
		{name: "nobody decides twice", tenant: "contoso.com", moves: []move{
			{3, "deny", ""}, {4, "admin@contoso.com", "bad_verification_code"}, {5, "deny", "bad_verification_code"},
		}},
		{name: "the first poll may come at once", tenant: "contoso.com", moves: []move{
			{0, "poll", KindPending}, {5, "poll", KindPending},
		}},
		{name: "polling early is slowed down, by five seconds more each time", tenant: "contoso.com", moves: []move{
			{5, "poll", KindPending}, {9.9, "poll", KindSlowDown}, {18, "poll", KindSlowDown}, {33, "poll", KindPending},
			{47, "poll", KindSlowDown}, {67, "poll", KindPending},
		}},
		{name: "what was decided is told to an early poll too", tenant: "contoso.com", moves: []move{
			{5, "poll", KindPending}, {6, "poll", KindSlowDown}, {7, "admin@contoso.com", ""}, {8, "poll", ""},
		}},
		{name: "the code expires for the client and for the person", tenant: "contoso.com", moves: []move{
			{899, "poll", KindPending}, {900, "poll", "expired_token"}, {901, "admin@contoso.com", "bad_verification_code"},
		}},
		{name: "approved in time and asked for too late is expired", tenant: "contoso.com", moves: []move{
			{899, "admin@contoso.com", ""}, {900, "poll", "expired_token"},
		}},
		{name: "only members and guests of the tenant may approve", tenant: "contoso.com", moves: []move{
			{1, "admin@fabrikam.com", "invalid_grant"}, {2, "stranger@example.com", "invalid_grant"}, {5, "poll", KindPending},
		}},
		{name: "a guest may approve", tenant: "northwindtraders.com", moves: []move{{1, Partner, ""}, {5, "poll", ""}}},
		{name: "without a tenant anybody may approve", moves: []move{{1, "admin@fabrikam.com", ""}, {5, "poll", ""}}},
		{name: "the expected account is signed in by itself", tenant: "contoso.com", hint: "admin@contoso.com", after: 7 * time.Second,
			moves: []move{{5, "poll", KindPending}, {10, "poll", ""}}},
		{name: "nobody expected, nobody signed in", tenant: "contoso.com", after: 7 * time.Second,
			moves: []move{{10, "poll", KindPending}}},
		{name: "an expected account that may not sign in is left to a person", tenant: "contoso.com", hint: "admin@fabrikam.com",
			after: 7 * time.Second, moves: []move{{10, "poll", KindPending}, {11, "admin@contoso.com", ""}, {15, "poll", ""}}},
		{name: "a person who is quicker than the automatic approval wins", tenant: "contoso.com", hint: "admin@contoso.com",
			after: 7 * time.Second, moves: []move{{3, "deny", ""}, {10, "poll", "authorization_declined"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFlows(t, c.tenant, c.hint, c.after)
			tenant := s.byDevice["d"].tenantID
			for _, m := range c.moves {
				now := start.Add(time.Duration(m.at * float64(time.Second)))
				var err *OAuthError
				switch m.do {
				case "poll":
					_, err = s.poll(now, "d", tenant, "app")
				case "deny":
					err = s.decline(now, "usercode2")
				default:
					err = s.approve(now, "user-code2", m.do)
				}
				if got := kindOf(err); got != m.want {
					t.Fatalf("after %v s, %s: got %q, want %q", m.at, m.do, got, m.want)
				}
			}
		})
	}
}

func kindOf(err *OAuthError) string {
	if err == nil {
		return ""
	}
	return err.Kind
}

func TestADeviceCodeServesItsClientAndTenantOnly(t *testing.T) {
	s := newFlows(t, "contoso.com", "", 0)
	tenant := s.byDevice["d"].tenantID
	for _, c := range []struct{ code, tenant, client string }{
		{"x", tenant, "app"}, {"d", "", "app"}, {"d", tenant, "other"},
	} {
		if _, err := s.poll(start, c.code, c.tenant, c.client); kindOf(err) != "bad_verification_code" {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestTheNumberOfFlowsIsBounded(t *testing.T) {
	s := newFlows(t, "", "", 0) // holds one of at most three
	add := func(now time.Time, n int) *OAuthError {
		_, err := s.add(now, flow{deviceCode: fmt.Sprint("d", n), userCode: fmt.Sprint("U", n)})
		return err
	}
	for n := range 2 {
		if err := add(start.Add(time.Minute), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(start.Add(time.Minute), 3); kindOf(err) != "temporarily_unavailable" {
		t.Fatalf("a fourth flow: got %v", err)
	}
	// The first is forgotten two lifetimes after it began; until then its client is told that it expired.
	if _, err := s.poll(start.Add(1799*time.Second), "d", "", "app"); kindOf(err) != "expired_token" {
		t.Errorf("a late client: got %v", err)
	}
	if err := add(start.Add(1800*time.Second), 4); err != nil {
		t.Errorf("after the first was forgotten: %v", err)
	}
	if len(s.byDevice) != 3 || len(s.byUser) != 3 {
		t.Errorf("held: %d by device code, %d by user code", len(s.byDevice), len(s.byUser))
	}
}
