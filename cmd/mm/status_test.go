package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

var tenOClock = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func TestStatusIsATable(t *testing.T) {
	status := mm.PoolStatus{Notes: []string{"the registry is broken"}, Sessions: []mm.SessionStatus{
		{ID: mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, State: mm.StateAuthenticated, Busy: true, Queued: 2,
			AuthenticatedAs: "admin@contoso.com", LastCommand: tenOClock.Add(-90 * time.Second), PID: 42},
		{ID: mm.SessionID{Connection: "漢", Module: mm.Teams}, State: mm.StateError, LastError: "it\x1b[31m\ndied"},
		{ID: mm.SessionID{Connection: "B", Module: mm.Teams}, State: mm.StateAuthPending},
	}}
	for _, c := range []struct {
		name   string
		colour bool
		want   string
	}{
		{"plain", false, `Note: the registry is broken
SESSION         STATE                ACCOUNT            LAST COMMAND  WAITING  PID  ERROR
Contoso-GA/exo  authenticated, busy  admin@contoso.com  1m30s ago     2        42
漢/teams        error                -                  -             0        -    it [31m died
B/teams         auth_pending         -                  -             0        -
`},
		{"in colours, which take no room", true, `<33>Note: the registry is broken<0>
<1>SESSION<0>         <1>STATE<0>                <1>ACCOUNT<0>            <1>LAST COMMAND<0>  <1>WAITING<0>  <1>PID<0>  <1>ERROR<0>
Contoso-GA/exo  <32>authenticated, busy<0>  admin@contoso.com  1m30s ago     2        42
漢/teams        <31>error<0>                -                  -             0        -    it [31m died
B/teams         <33>auth_pending<0>         -                  -             0        -
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			err := showStatus(screen{Writer: &b, colour: c.colour}, status, tenOClock)
			got := b.String()
			for _, code := range []string{"0", "1", "31", "32", "33"} {
				got = strings.ReplaceAll(got, "\x1b["+code+"m", "<"+code+">")
			}
			if err != nil || got != c.want {
				t.Errorf("%v, got\n%s", err, got)
			}
		})
	}
	var b bytes.Buffer
	if err := showStatus(screen{Writer: &b}, mm.PoolStatus{}, tenOClock); err != nil || !strings.Contains(b.String(), "No sessions yet") {
		t.Errorf("%v, got %s", err, b.String())
	}
}

func TestStatusShowsTheAccounts(t *testing.T) {
	var b bytes.Buffer
	err := showStatus(screen{Writer: &b}, mm.PoolStatus{Accounts: []mm.AccountStatus{
		{Connection: "A", State: mm.AccountSignedIn, Account: mm.Account{Username: "ann@contoso.com"}, Until: tenOClock.Add(time.Hour)},
		{Connection: "B", State: mm.AccountSigning},
		{Connection: "C", State: mm.AccountUnknown},
	}}, tenOClock)
	const want = `CONNECTION  SIGN-IN             ACCOUNT          TOKENS UNTIL
A           signed in           ann@contoso.com  11:00, then renewed by itself
B           waits for a person  -                -
C           not signed in       -                -

No sessions yet`
	if err != nil || !strings.HasPrefix(b.String(), want) {
		t.Errorf("%v, got\n%s", err, b.String())
	}
}

func TestMetricsAreATable(t *testing.T) {
	exo := mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}
	for _, c := range []struct {
		name    string
		metrics mm.Metrics
		want    string
	}{
		{"a new daemon", mm.Metrics{Uptime: 1500 * time.Millisecond}, `Uptime     2s
Requests   0
Answers    -
Sign-ins   0
Sessions   0, 0 signed in
Keepalive  off
`},
		{"a busy one", mm.Metrics{Uptime: 3723 * time.Second, Requests: 200, Errors: 5, SignIns: 2, Responses: 100,
			AverageResponse: 1234567 * time.Microsecond,
			Sessions:        []mm.SessionStatus{{ID: exo, State: mm.StateAuthenticated}, {State: mm.StateReady}},
			Keepalive: mm.Keepalive{Interval: 5 * time.Minute, Pings: 1, Failures: 0,
				LastPings: map[mm.SessionID]time.Time{exo: tenOClock.Add(-time.Minute)}}}, `Uptime     1h2m3s
Requests   200, 5 failed (2.5 %)
Answers    1.235s on average, of the last 100
Sign-ins   2
Sessions   2, 1 signed in
Keepalive  every 5m0s: 1 ping, 0 failed
           Contoso-GA/exo, last ping 1m0s ago
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := showMetrics(&b, c.metrics, tenOClock); err != nil || b.String() != c.want {
				t.Errorf("%v, got\n%s", err, b.String())
			}
		})
	}
}

func TestTheDaemonDescribesItself(t *testing.T) {
	for _, c := range []struct {
		about wire.About
		want  string
	}{
		{wire.About{Version: "v1.2.3", PID: 7, Started: "2026-11-22T09:00:00Z", Background: true, Log: "/l"},
			"version v1.2.3, pid 7, started 1h0m0s ago, in the background, logs to /l"},
		{wire.About{Version: "v1.2.3"}, "version v1.2.3"},
		{wire.About{}, "version unknown, older than this program"},
	} {
		if got := describeDaemon(c.about, tenOClock); got != c.want {
			t.Errorf("got %s", got)
		}
	}
}
