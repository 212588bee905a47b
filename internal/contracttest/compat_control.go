package contracttest

import (
	"fmt"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func healthShape(_ *testing.T, v visitor) {
	v.shaped(200, `{"status":"healthy","timestamp":"<time>"}`, "GET", "/health", "")
}

// statusOfALife looks at one session in each of its states.
func statusOfALife(t *testing.T, v visitor) {
	id := v.session(mm.Exchange)
	v.shaped(200, `{"sessions":[]}`, "GET", "/status", "")
	shows := func(state mm.State, lastCommand string) {
		t.Helper()
		v.until(id, state)
		v.shaped(200, fmt.Sprintf(`{"sessions":[{"session_id":%q,"state":%q,"authenticated":%t,"last_command":%s}]}`,
			id, state, state == mm.StateAuthenticated, lastCommand), "GET", "/status", "")
	}
	connect := func(kind string) {
		t.Helper()
		if err := v.Fault(id, "Connect-ExchangeOnline", kind, 0.2); err != nil {
			t.Fatal(err)
		}
	}
	reset := func() {
		t.Helper()
		v.shaped(200, fmt.Sprintf(`{"status":"success","reset":[%q],"count":1}`, id), "POST", "/reset", fmt.Sprintf(`{"connection":%q}`, v.connection))
	}

	connect("slow")
	first := make(chan Seen, 1)
	go func() { first <- v.ask(`1`) }()
	shows(mm.StateInitializing, "null")
	if s := <-first; s.Status != mm.StatusAuthRequired {
		t.Fatalf("%s %q", s.Status, s.Text)
	}
	connect("")
	shows(mm.StateAuthPending, "null")
	reset()
	shows(mm.StateStopped, "null")

	v.signIn(mm.Exchange)
	shows(mm.StateAuthenticated, "null")
	v.ask(`1`)
	shows(mm.StateAuthenticated, `"<time>"`)
	v.blocked(func() { shows(mm.StateAuthenticated, `"<time>"`) })
	v.ask(`[Environment]::Exit(3)`)
	shows(mm.StateError, `"<time>"`)
	reset()
	shows(mm.StateStopped, `"<time>"`)

	connect("denied")
	v.code(v.exo(`1`))
	shows(mm.StateReady, `"<time>"`)
}

func resetShapes(t *testing.T, v visitor) {
	connection := fmt.Sprintf("%q", v.connection)
	nothing := `{"status":"success","reset":[],"count":0}`
	v.shaped(200, nothing, "POST", "/reset", `{"connection":`+connection+`}`)
	v.shaped(200, nothing, "POST", "/reset", `{"connection":"Nobody"}`)
	v.signIn(mm.Exchange)
	v.code(Ask{Connection: v.connection, Module: "teams", Command: `1`})
	v.shaped(200, nothing, "POST", "/reset", `{"connection":`+connection+`,"module":"azure"}`)
	v.shaped(200, fmt.Sprintf(`{"status":"success","reset":["%s/teams"],"count":1}`, v.connection), "POST", "/reset", `{"connection":`+connection+`,"module":"teams"}`)
	v.succeeded(v.ask(`'signed in still'`), "signed in still")
	v.shaped(200, fmt.Sprintf(`{"status":"success","reset":["%s/exo","%[1]s/teams"],"count":2}`, v.connection), "POST", "/reset", `{"connection":`+connection+`}`)
	if s := v.ask(`1`); s.Status != mm.StatusAuthRequired {
		t.Errorf("after the reset: %s %q", s.Status, s.Text)
	}
	for _, body := range []string{``, `{}`, `{"connection":null}`, `{"connection":""}`, `{"module":"exo"}`} {
		v.shaped(400, `{"status":"error","error":"Missing connection"}`, "POST", "/reset", body)
	}
	v.shaped(400, `{"status":"error","error":"Unknown module: excel"}`, "POST", "/reset", `{"connection":`+connection+`,"module":"excel"}`)
}

func metricsShape(t *testing.T, v visitor) {
	shows := func(requests, errors, rate, auths, answers int, sessions string, active int) {
		t.Helper()
		v.shaped(200, fmt.Sprintf(`{"uptime_seconds":"<number>","uptime_human":"<uptime>","total_requests":%d,"total_errors":%d,"error_rate":%d,`+
			`"total_auths":%d,"avg_response_ms":"<number>","last_100_responses":%d,"sessions":[%s],"active_sessions":%d,`+
			`"keepalive":{"interval_seconds":"<number>","total_pings":"<number>","failures":"<number>","last_pings":{}}}`,
			requests, errors, rate, auths, answers, sessions, active), "GET", "/metrics", "")
	}
	shows(0, 0, 0, 0, 0, ``, 0)
	v.code(v.exo(`1`))
	pending := fmt.Sprintf(`{"session_id":"%s/exo","state":"auth_pending","authenticated":false,"last_command":null}`, v.connection)
	shows(1, 0, 0, 0, 1, pending, 0)
	v.signIn(mm.Exchange) // asks once more
	v.ask(`1`)
	v.ask(`throw 'no luck'`)
	signedIn := fmt.Sprintf(`{"session_id":"%s/exo","state":"authenticated","authenticated":true,"last_command":"<time>"}`, v.connection)
	shows(4, 1, 25, 1, 4, signedIn, 1)
}
