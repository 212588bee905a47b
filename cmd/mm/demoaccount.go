package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// A demoCall is something that the account of the demo's connection can do.
type demoCall struct {
	line  string // as one types it
	proof string // in the answer
	ask   func(*demo, context.Context) mm.Outcome
}

// demoGraph is a request to Graph or Power Automate that is answered with proof.
func demoGraph(resource mm.Resource, endpoint, proof string) demoCall {
	line := "mm graph " + demoConnection + " '" + endpoint + "'"
	if resource != mm.GraphResource {
		line += " --resource " + string(resource)
	}
	return demoCall{line, proof, func(d *demo, ctx context.Context) mm.Outcome {
		return d.pool.Graph(ctx, mm.GraphRequest{Connection: demoConnection, Resource: resource, Endpoint: endpoint, Caller: "demo",
			Timeout: 30 * time.Second}, nil)
	}}
}

// demoModule is a command of a module that is answered with proof.
func demoModule(module mm.Module, text, proof string) demoCall {
	return demoCall{fmt.Sprintf("mm run %s %s %s", demoConnection, module, text), proof, func(d *demo, ctx context.Context) mm.Outcome {
		return d.pool.Run(ctx, mm.Command{Session: mm.SessionID{Connection: demoConnection, Module: module}, Text: text, Caller: "demo",
			Timeout: 30 * time.Second}, nil)
	}}
}

var demoCalls = []demoCall{
	demoGraph(mm.GraphResource, "/me?$select=userPrincipalName", "admin@contoso.com"),
	demoGraph(mm.FlowResource, "/providers/Microsoft.ProcessSimple/environments?api-version=2016-11-01", "Default-"),
	demoModule(mm.Exchange, demoCommandRun, "Adele"),
	demoModule(mm.Azure, "Get-AzSubscription", "Contoso Production"),
	demoModule(mm.Teams, "Get-Team", "Project Falcon"),
	demoModule(mm.SharePoint, "Get-PnPList", "Documents"),
}

func (d *demo) sharedStep(ctx context.Context) error { return d.callAll(ctx) }

// callAll makes all calls at once, and shows a line of each answer.
func (d *demo) callAll(ctx context.Context) error {
	answers := make([]chan mm.Outcome, len(demoCalls))
	for i, call := range demoCalls {
		answers[i] = make(chan mm.Outcome, 1)
		go func() { answers[i] <- d.patiently(ctx, call) }()
	}
	var failed []error
	for i, call := range demoCalls {
		out := <-answers[i]
		d.command(call.line)
		err := expect(out, mm.StatusSuccess)
		if err == nil {
			err = d.sayProof(out, call.proof)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", call.line, err))
		}
	}
	return errors.Join(failed...)
}

// patiently asks again while the answer is that the session's process is gone and the next one comes in a moment.
func (d *demo) patiently(ctx context.Context, call demoCall) mm.Outcome {
	for {
		out := call.ask(d, ctx)
		if out.Err == nil || out.Err.RetryAfter == 0 || out.Err.Executed != mm.ExecutedNo {
			return out
		}
		select {
		case <-time.After(out.Err.RetryAfter):
		case <-ctx.Done():
			return out
		}
	}
}

// sayProof shows the line of an answer that has the proof.
func (d *demo) sayProof(out mm.Outcome, proof string) error {
	text := out.Output
	if out.Graph != nil {
		text = string(out.Graph.Data)
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, proof) {
			d.say(fitLine(strings.TrimSpace(line), 130))
			return nil
		}
	}
	return fmt.Errorf("no %q in the answer", proof)
}

// killStep kills the process of every session; on the Go engine, which has none, commands that the switchboard lets die do.
func (d *demo) killStep(ctx context.Context) error {
	status, err := d.pool.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range status.Sessions {
		if s.PID > 0 {
			d.command(fmt.Sprintf("kill -9 %d   # %s", s.PID, s.ID))
			if err := unix.Kill(s.PID, unix.SIGKILL); err != nil {
				return err
			}
			if err := d.gone(ctx, s); err != nil {
				return err
			}
			continue
		}
		target := s.ID.Connection + ":" + string(s.ID.Module) + "/*"
		d.command("mm sandbox fault '" + target + "' die --times 1")
		if err := d.sb.Switchboard().Set(target, sandbox.Fault{Kind: sandbox.FaultDie, Times: 1}); err != nil {
			return err
		}
		for _, call := range demoCalls {
			if strings.Contains(call.line, " "+string(s.ID.Module)+" ") {
				if out := call.ask(d, ctx); out.Err == nil || out.Err.Code != mm.SessionDied {
					return fmt.Errorf("%s did not die: %w", s.ID, expect(out, mm.StatusError))
				}
			}
		}
	}
	return d.callAll(ctx)
}

// gone waits until mm knows that the process of a session is gone; the status has no event that one could wait for.
func (d *demo) gone(ctx context.Context, was mm.SessionStatus) error {
	for {
		status, err := d.pool.Status(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(status.Sessions, func(s mm.SessionStatus) bool { return s.ID == was.ID && s.PID == was.PID }) {
			return nil
		}
		select {
		case <-time.After(startPoll):
		case <-ctx.Done():
			return fmt.Errorf("mm did not notice that %s was killed", was.ID)
		}
	}
}

func (d *demo) accountStep(ctx context.Context) error {
	expected := d.sb.Connections()[demoOther].ExpectedEmail
	other := ""
	for _, t := range d.sb.Tenants() {
		if strings.HasPrefix(demoOther, t.DisplayName+"-") {
			for _, a := range t.Accounts {
				if a.UserPrincipalName != expected && !t.Guest(a) {
					other = a.UserPrincipalName
				}
			}
		}
	}
	d.say(demoOther + " expects " + expected + ".")
	d.command("mm run " + demoOther + " exo " + demoCommandRun)
	out, err := d.signIn(ctx, demoOther, other)
	if err != nil {
		return err
	}
	if err := expect(out, mm.StatusError); err != nil {
		return err
	}
	d.say(out.Err.Error())
	if out.Err.Code != mm.WrongAccount || out.Err.Executed != mm.ExecutedNo {
		return fmt.Errorf("the code is %s and executed %s", out.Err.Code, out.Err.Executed)
	}
	return nil
}
