package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	mmhttp "github.com/microsoft-master/mm/http"
)

// What the demo runs, and as whom.
const (
	demoConnection = "Contoso-GA"
	demoOther      = "Fabrikam-GA"
	demoCommandRun = "Get-Mailbox"
)

var steps = []struct {
	title string
	show  func(*demo, context.Context) error
}{
	{"The connection list", (*demo).listStep},
	{"A command, answered with a device code", (*demo).codeStep},
	{"The sign-in", (*demo).signInStep},
	{"The same command, answered with mailboxes", (*demo).mailboxStep},
	{"The same over HTTP", (*demo).httpStep},
	{"The same over MCP, as an assistant does it", (*demo).mcpStep},
	{"One sign-in for Graph, Power Automate and all modules", (*demo).sharedStep},
	{"Every PowerShell is killed, and nobody signs in again", (*demo).killStep},
	{"An account that is not the expected one is refused", (*demo).accountStep},
	{"A long command is cancelled, the sign-in stays", (*demo).cancelStep},
}

func (d *demo) listStep(ctx context.Context) error {
	d.command("mm connections")
	conns, err := d.pool.Connections(ctx)
	if err != nil {
		return err
	}
	all := map[string]mm.Connection{}
	for _, c := range conns {
		all[c.Name] = c
	}
	var b bytes.Buffer
	if err := listConnections(&b, all, false); err != nil {
		return err
	}
	d.say(b.String())
	for _, name := range []string{demoConnection, demoOther} {
		if _, ok := all[name]; !ok {
			return fmt.Errorf("%s is not in the list", name)
		}
	}
	return nil
}

// exchange runs a command in the Exchange session of a connection.
func (d *demo) exchange(ctx context.Context, connection, text string) mm.Outcome {
	return d.pool.Run(ctx, mm.Command{
		Session: mm.SessionID{Connection: connection, Module: mm.Exchange}, Text: text, Caller: "demo", Timeout: 30 * time.Second,
	}, nil)
}

func (d *demo) codeStep(ctx context.Context) error {
	d.command("mm run " + demoConnection + " exo " + demoCommandRun)
	out := d.exchange(ctx, demoConnection, demoCommandRun)
	if err := expect(out, mm.StatusAuthRequired); err != nil {
		return err
	}
	showChallenge(d.out, out.Session, *out.Challenge, time.Now(), "Then run the same command again.")
	return nil
}

func (d *demo) signInStep(ctx context.Context) error {
	out, err := d.signIn(ctx, demoConnection, d.sb.Connections()[demoConnection].ExpectedEmail)
	if err != nil {
		return err
	}
	d.say("The session is signed in as " + out.AuthenticatedAs + ".")
	return expect(out, mm.StatusSuccess)
}

// signIn does what a person does on the page, and repeats the command until it is not answered with the code any more.
func (d *demo) signIn(ctx context.Context, connection, account string) (mm.Outcome, error) {
	out := d.exchange(ctx, connection, demoCommandRun)
	if err := expect(out, mm.StatusAuthRequired); err != nil {
		return out, err
	}
	if err := d.sb.Entra().Approve(out.Challenge.UserCode, account); err != nil {
		return out, err
	}
	d.say(fmt.Sprintf("%s enters %s at %s.", account, out.Challenge.UserCode, out.Challenge.URL))
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if out = d.exchange(ctx, connection, demoCommandRun); out.Status != mm.StatusAuthRequired {
			return out, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return out, errors.New("the session did not notice the sign-in in time")
		}
	}
}

func (d *demo) mailboxStep(ctx context.Context) error {
	d.command("mm run " + demoConnection + " exo " + demoCommandRun)
	out := d.exchange(ctx, demoConnection, demoCommandRun)
	if err := expect(out, mm.StatusSuccess); err != nil {
		return err
	}
	d.sayHead(out.Output, 8)
	return d.hasMailboxes(out.Output)
}

// hasMailboxes reports an error where text does not show a mailbox of the demo's tenant.
func (d *demo) hasMailboxes(text string) error {
	alias, _, _ := strings.Cut(d.sb.Connections()[demoConnection].ExpectedEmail, "@")
	if !strings.Contains(strings.ToLower(text), strings.ToLower(alias)) {
		return fmt.Errorf("the mailbox of %s is not in the answer", alias)
	}
	return nil
}

func (d *demo) httpStep(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"connection": demoConnection, "module": "exo", "command": demoCommandRun})
	if err != nil {
		return err
	}
	url := "http://" + d.s.address() + "/run"
	d.command(fmt.Sprintf("curl -s %s -H 'Content-Type: application/json' \\\n    -H \"Authorization: Bearer $(cat ~/.m365-state/pool-token)\" -d '%s'", url, body))
	token, err := mmhttp.ReadToken(d.s.tokenPath())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	d.say(fitLine(string(text), 160))
	var answer struct{ Status, Output string }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Status != string(mm.StatusSuccess) {
		return fmt.Errorf("HTTP status %d, and no success", resp.StatusCode)
	}
	return d.hasMailboxes(answer.Output)
}

func (d *demo) cancelStep(ctx context.Context) error {
	const id, text = "demo-long", "Start-Sleep -Seconds 60"
	d.command("mm run " + demoConnection + " exo '" + text + "'")
	answered := make(chan mm.Outcome, 1)
	go func() {
		answered <- d.pool.Run(ctx, mm.Command{RequestID: id, Text: text, Caller: "demo",
			Session: mm.SessionID{Connection: demoConnection, Module: mm.Exchange}}, nil)
	}()
	select {
	case <-time.After(time.Second): // long enough for people to believe that it runs
	case out := <-answered:
		return errors.Join(errors.New("it ended by itself"), expect(out, mm.StatusError))
	}
	begun := time.Now()
	if found, err := d.pool.Cancel(ctx, id); err != nil || !found {
		return errors.Join(errors.New("it was not found"), err)
	}
	out := <-answered
	if err := expect(out, mm.StatusError); err != nil {
		return err
	}
	d.say(fmt.Sprintf("Cancelled after 1 s, answered %.2f s later: %s", time.Since(begun).Seconds(), out.Err.Message))
	if out.Err.Code != mm.Cancelled {
		return fmt.Errorf("the code is %s", out.Err.Code)
	}
	d.command("mm run " + demoConnection + " exo " + demoCommandRun)
	out = d.exchange(ctx, demoConnection, demoCommandRun)
	if err := expect(out, mm.StatusSuccess); err != nil {
		return err
	}
	d.sayHead(out.Output, 5)
	return d.hasMailboxes(out.Output)
}
