package contracttest

import (
	"slices"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func connectionsAreListed(t *testing.T, p pool) {
	list, err := p.Service.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
		if c.ExpectedEmail != p.Account(c.Name) {
			t.Errorf("%s expects %q", c.Name, c.ExpectedEmail)
		}
	}
	if !slices.Equal(names, p.Connections) {
		t.Errorf("names %q, want %q", names, p.Connections)
	}
}

func unknownConnection(t *testing.T, p pool) {
	o := p.run(command(mm.SessionID{Connection: "Nobody", Module: mm.Exchange}, `1`))
	p.failed(o, mm.UnknownConnection, mm.ExecutedNo)
	if want := "Connection 'Nobody' not found. Available: " + strings.Join(p.Connections, ", "); o.Err != nil && o.Err.Error() != want {
		t.Errorf("got  %s\nwant %s", o.Err, want)
	}
}

func unknownModule(t *testing.T, p pool) {
	o := p.run(command(p.session(0, "excel"), `1`))
	p.failed(o, mm.UnknownModule, mm.ExecutedNo)
	if o.Err != nil && o.Err.Message != "Unknown module: excel" {
		t.Errorf("message %q", o.Err.Message)
	}
}

func missingParts(t *testing.T, p pool) {
	for _, c := range []mm.Command{
		{}, command(p.session(0, ""), `1`), command(mm.SessionID{Module: mm.Exchange}, `1`), command(p.exo(), ``), command(p.exo(), " \n"),
	} {
		o := p.run(c)
		p.failed(o, mm.BadRequest, mm.ExecutedNo)
		if o.Err != nil && o.Err.Message != "Missing connection, module, or command" {
			t.Errorf("message %q", o.Err.Message)
		}
	}
}

func tooLong(t *testing.T, p pool) {
	p.failed(p.run(command(p.exo(), strings.Repeat("#", mm.MaxScript+1))), mm.BadRequest, mm.ExecutedNo)
	c := command(p.exo(), `1`)
	c.RequestID = strings.Repeat("x", mm.MaxRequestID+1)
	p.failed(p.run(c), mm.BadRequest, mm.ExecutedNo)
	if s := p.status(p.exo()); s.ID != (mm.SessionID{}) {
		t.Errorf("a session was made for it: %+v", s)
	}
}

func anyCase(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	shouted := mm.SessionID{Connection: strings.ToUpper(s.Connection), Module: mm.Module(strings.ToUpper(string(s.Module)))}
	o := p.run(command(shouted, `'the same session'`))
	p.succeeded(o, "the same session")
	if o.Session != s {
		t.Errorf("answered for %s", o.Session)
	}
	if ids, err := p.Admin.Reset(t.Context(), shouted.Connection, shouted.Module); err != nil || !slices.Equal(ids, []mm.SessionID{s}) {
		t.Errorf("reset %v, %v", ids, err)
	}
}

func timeoutBounds(_ *testing.T, p pool) {
	for _, timeout := range []time.Duration{-time.Second, mm.MaxTimeout + time.Second} {
		c := command(p.exo(), `1`)
		c.Timeout = timeout
		p.failed(p.run(c), mm.BadRequest, mm.ExecutedNo)
	}
}
