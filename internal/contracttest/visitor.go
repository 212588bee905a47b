package contracttest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A visitor is an old client in one test.
type visitor struct {
	t *testing.T
	Front
	connection string // its own
}

func (v visitor) session(m mm.Module) mm.SessionID {
	return mm.SessionID{Connection: v.connection, Module: m}
}

// exo is the ask for a command in the session that most rules use.
func (v visitor) exo(command string) Ask {
	return Ask{Connection: v.connection, Module: string(mm.Exchange), Command: command}
}

// ask sends a command to that session.
func (v visitor) ask(command string) Seen {
	v.t.Helper()
	return v.send(v.exo(command))
}

// send sends a command and waits for its answer.
func (v visitor) send(a Ask) Seen {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	s, err := v.Ask(ctx, a)
	if err != nil {
		v.t.Errorf("%s: %v", a.Command, err)
	}
	return s
}

// http sends any request.
func (v visitor) http(method, path, body string, header ...string) Reply {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	r := Request{Method: method, Path: path, Body: body, Header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = header[i+1]
	}
	reply, err := v.Door.(Sender).Send(ctx, r)
	if err != nil {
		v.t.Errorf("%s %s: %v", method, path, err)
	}
	return reply
}

// shaped sends any request and compares its answer.
func (v visitor) shaped(status int, golden, method, path, body string) {
	v.t.Helper()
	r := v.http(method, path, body)
	if err := Shape(golden, r.Body); err != nil || r.Status != status || r.Header["Content-Type"] != "application/json" {
		v.t.Errorf("%s %s %.200s: HTTP status %d, type %s, %v", method, path, body, r.Status, r.Header["Content-Type"], err)
	}
}

// has compares some fields of HTTP's answer, wherever they stand in it.
func (v visitor) has(s Seen, goldens map[string]string) {
	v.t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s.Body), &fields); err != nil {
		v.t.Fatalf("%v in %q", err, s.Body)
	}
	for name, golden := range goldens {
		if fields[name] == nil {
			v.t.Errorf("no %s in %s", name, s.Body)
		} else if err := sameShape(name, json.RawMessage(golden), fields[name]); err != nil {
			v.t.Errorf("%v in %s", err, s.Body)
		}
	}
}

// code asks for what needs a sign-in, and returns the device code.
func (v visitor) code(a Ask) Seen {
	v.t.Helper()
	s := v.send(a)
	if s.Status != mm.StatusAuthRequired {
		v.t.Fatalf("%s: %s %q", a.Command, s.Status, s.Text)
	}
	return s
}

// signIn signs the visitor's session of a module in, as the expected account, unless it is.
func (v visitor) signIn(m mm.Module) {
	v.t.Helper()
	s := v.send(Ask{Connection: v.connection, Module: string(m), Command: `'signed in'`})
	if s.Status == mm.StatusAuthRequired {
		v.approve(v.session(m), s.DeviceCode, v.Account(v.connection))
		v.until(v.session(m), mm.StateAuthenticated)
	}
}

// approve is a person who types the code.
func (v visitor) approve(s mm.SessionID, code, account string) {
	v.t.Helper()
	if err := v.SignIn(code, account); err != nil {
		v.t.Fatalf("%s as %s: %v", s, account, err)
	}
}

// pool is what is behind the door.
func (v visitor) pool() pool {
	return pool{v.t, Pool{Service: v.Service, Admin: v.Admin, World: v.World}}
}

// blocked calls do while a command runs in the visitor's Exchange session, which is signed in, and then stops the command.
func (v visitor) blocked(do func()) {
	v.t.Helper()
	c := command(v.session(mm.Exchange), waits)
	c.RequestID = "blocker of " + v.connection
	running := v.pool().startAndWait(c)
	do()
	if found, err := v.Service.Cancel(v.t.Context(), c.RequestID); !found || err != nil {
		v.t.Errorf("cancel: %t, %v", found, err)
	}
	<-running.answer
}

// until waits until the session has one of the states.
func (v visitor) until(id mm.SessionID, states ...mm.State) mm.SessionStatus {
	v.t.Helper()
	return v.untilStatus(id, func(s mm.SessionStatus) bool {
		return slices.Contains(states, s.State)
	})
}

func (v visitor) untilStatus(id mm.SessionID, met func(mm.SessionStatus) bool) mm.SessionStatus {
	v.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for {
		if s := v.pool().status(id); met(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			v.t.Fatalf("not within %s: %s is %+v", patience, id, v.pool().status(id))
		}
	}
}

// overMCP reports whether texts come as a model reads them.
func (v visitor) overMCP() bool { return v.Kind() == MCP }

// succeeded fails unless s is a success with that output, but for the line's end.
func (v visitor) succeeded(s Seen, output string) {
	v.t.Helper()
	if got := trimmed(s.Text); s.Status != mm.StatusSuccess || got != output {
		v.t.Errorf("%s %s with %q; want %q", s.Status, s.Code, got, output)
	}
}

// failed fails unless s is an error of that code.
func (v visitor) failed(s Seen, code mm.Code, executed ...mm.Executed) {
	v.t.Helper()
	if s.Status != mm.StatusError {
		v.t.Errorf("%s with %q; want the error %s", s.Status, s.Text, code)
		return
	}
	v.pool().isError(&mm.Error{Code: s.Code, Message: s.Text, Executed: s.Executed}, code, executed...)
}
