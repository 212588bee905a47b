package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// A session is one engine of a sandbox in process, with a person who signs in as is expected.
type session struct {
	t      *testing.T
	entra  *sandbox.Entra
	hint   string // of the last sign-in
	faults *sandbox.Switchboard
	conn   mm.Connection
	engine mm.Engine
	events chan mm.EngineEvent
	ids    int
	seen   []mm.Record // of the last command
}

func newSession(t *testing.T, connection string, m mm.Module) *session {
	t.Helper()
	dir := t.TempDir()
	s := &session{t: t, entra: sandbox.NewEntra(sandbox.EntraOptions{}), faults: sandbox.OpenSwitchboard(dir),
		events: make(chan mm.EngineEvent, 1000)}
	at := spec(connection, m, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: dir})
	s.conn = at.Connection
	ctx, cancel := context.WithCancel(context.Background())
	e, err := engine.New(engine.Config{SignIn: hinted{s.entra, &s.hint}}).Launch(ctx, at, func(e mm.EngineEvent) { s.events <- e })
	if err != nil {
		t.Fatal(err)
	}
	s.engine = e
	t.Cleanup(func() {
		cancel()
		for e := range s.events {
			if _, ok := e.(mm.Exited); ok {
				return
			}
		}
	})
	return s
}

// hinted is an Entra that notes who is expected to sign in.
type hinted struct {
	*sandbox.Entra
	hint *string
}

func (h hinted) StartDevice(ctx context.Context, r sandbox.DeviceRequest) (sandbox.DeviceCode, error) {
	*h.hint = r.LoginHint
	return h.Entra.StartDevice(ctx, r)
}

// wait returns the result of the command that runs. A device code that is shown on the way is approved for the account, if
// there is one.
func (s *session) wait(approve string) mm.Result {
	s.t.Helper()
	s.seen = nil
	for e := range s.events {
		switch e := e.(type) {
		case mm.Streamed:
			s.seen = append(s.seen, e.Records...)
			for _, r := range e.Records {
				if _, after, ok := strings.Cut(r.Text, "enter the code "); ok && approve != "" {
					code := strings.TrimPrefix(after, "\x1b[4m")[:9]
					if err := s.entra.Approve(code, approve); err != nil {
						s.t.Fatal(err)
					}
					approve = ""
				}
			}
		case mm.Completed:
			return e.Result
		case mm.Exited:
			s.t.Fatalf("exited: %s", e.Reason)
		}
	}
	panic("unreachable")
}

func (s *session) begin(script string, want mm.Want) string {
	s.ids++
	id := fmt.Sprint(s.ids)
	s.engine.Invoke(mm.Invocation{ID: id, Script: script, Want: want})
	return id
}

// run runs a script to its end.
func (s *session) run(script string) mm.Result {
	s.t.Helper()
	s.begin(script, mm.Want{})
	return s.wait("")
}

// prints fails the test unless the script runs without an error and its output has all the texts.
func (s *session) prints(script string, texts ...string) {
	s.t.Helper()
	r := s.run(script)
	if len(r.Errors) > 0 {
		s.t.Errorf("%s: %+v", script, r.Errors)
	}
	for _, text := range texts {
		if !strings.Contains(r.Output, text) {
			s.t.Errorf("%s printed %q, without %q", script, r.Output, text)
		}
	}
}

// fails fails the test unless the script writes one error record with that text.
func (s *session) fails(script, text string) {
	s.t.Helper()
	if r := s.run(script); len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, text) {
		s.t.Errorf("%s: %+v, want %q", script, r.Errors, text)
	}
}

// connects are the calls that sign in, as mm makes them.
func (s *session) connect(m mm.Module, approve string) mm.Result {
	s.t.Helper()
	c := map[mm.Module]mm.Call{
		mm.Exchange: {Command: "Connect-ExchangeOnline",
			Parameters: map[string]any{"Device": true, "ShowBanner": false, "SkipLoadingCmdletHelp": true}},
		mm.Azure: {Command: "Connect-AzAccount", Select: []string{"Context.Account.Id"},
			Parameters: map[string]any{"UseDeviceAuthentication": true, "Tenant": s.conn.TenantID, "SkipContextPopulation": true, "Scope": "Process"}},
		mm.Teams: {Command: "Connect-MicrosoftTeams", Select: []string{"Account", "TenantId"},
			Parameters: map[string]any{"UseDeviceAuthentication": true, "TenantId": s.conn.TenantID}},
		mm.SharePoint: {Command: "Connect-PnPOnline", Parameters: map[string]any{"DeviceLogin": true, "ClientId": s.conn.AppID,
			"Url": "https://" + s.conn.SharePointHost + ".sharepoint.com", "Tenant": s.conn.TenantID}},
	}[m]
	c.ID, c.Module = "connect", sandbox.ModuleName(m)
	s.engine.Call(c)
	return s.wait(approve)
}
