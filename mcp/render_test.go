package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

var (
	now       = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	session1  = mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}
	three     = 3
	plainText = runArgs{format: mm.FormatText, maxChars: defaultMaxChars}
)

func TestADeviceCodeHasTheTextThatPromptsKnow(t *testing.T) {
	out := mm.Outcome{Status: mm.StatusAuthRequired, RequestID: "r1", Session: session1, Challenge: &mm.Challenge{
		UserCode: "ABCD1234", URL: mm.DeviceLoginURL, ExpiresAt: now.Add(15 * time.Minute), Account: "admin@contoso.com"}}
	const known = `**DEVICE CODE: ABCD1234**
Go to: https://microsoft.com/devicelogin

Connection: Contoso-GA
**Sign in as: admin@contoso.com**
Module: exo

After authenticating, retry the command.
`
	a := renderOutcome(out, plainText, now)
	if !strings.HasPrefix(a.Text, known) || !strings.Contains(a.Text, "wait until they say that they signed in") {
		t.Errorf("text:\n%s", a.Text)
	}
	if a.Status != "auth_required" || a.IsError || a.ExpiresIn != 900 || a.DeviceCode != "ABCD1234" || a.RequestID != "r1" || a.Executed != "no" {
		t.Errorf("answer: %+v", a)
	}
	out.Challenge.Account = ""
	if a := renderOutcome(out, plainText, now.Add(time.Hour)); strings.Contains(a.Text, "Sign in as") || a.ExpiresIn != 0 {
		t.Errorf("without an account, after the end: %+v", a)
	}
}

func TestOutcomesBecomeTexts(t *testing.T) {
	for _, c := range []struct {
		name    string
		out     mm.Outcome
		text    string
		isError bool
	}{
		{"output is as PowerShell wrote it, without the last line end", prints("\r\n  Name\n  ----\n  Ada\n\n"), "  Name\n  ----\n  Ada", false},
		{"no output says that there was no error", prints(""), "(no output) The command ended without an error.", false},
		{"notes, exit codes and warnings follow the output", mm.Outcome{Status: mm.StatusSuccess, Notes: []string{"identity not verified"},
			Result: mm.Result{Output: "x\n", Streams: mm.Streams{Warning: []string{"old\n  module"}}, ExitCode: &three}},
			"x\nNote: identity not verified\nExit code: 3\nWARNING: old module", false},
		{"the last native exit code", mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Output: "x", LastExit: &three}},
			"x\nExit code of the last native command: 3", false},
		{"errors without output are shown", mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Errors: []mm.ErrorRecord{{Message: "no such mailbox"}}}},
			"(no output)\nERROR: no such mailbox", false},
		{"an unknown connection", mm.Failed("r", session1, mm.Errorf(mm.UnknownConnection, "Available: A, B", "Connection 'X' not found.")),
			"Error: Connection 'X' not found.\nAvailable: A, B", true},
		{"the wrong account begins with its warning", mm.Failed("r", session1, mm.Errorf(mm.WrongAccount, "Sign in as a@b.",
			"WARNING: Authenticated with wrong account. Re-authentication required.")),
			"WARNING: Authenticated with wrong account. Re-authentication required.\nSign in as a@b.", true},
		{"a blocked command begins so", mm.Failed("r", session1, mm.Errorf(mm.Blocked, "", "Command blocked: it installs. This operation is not allowed through the session pool.")),
			"Command blocked: it installs. This operation is not allowed through the session pool.", true},
		{"a retry hint is rounded up", mm.Failed("r", session1, &mm.Error{Code: mm.Busy, Message: "64 wait.", RetryAfter: 1500 * time.Millisecond}),
			"Error: 64 wait.\nTry again in 2 s.", true},
		{"maybe executed is said", mm.Failed("r7", session1, &mm.Error{Code: mm.SessionDied, Message: "It died.", Executed: mm.ExecutedMaybe}),
			"Error: It died.\nIt may have been executed: check before you repeat it. Its request id is r7.", true},
		{"a remedy that names the request id says it all", mm.Failed("r7", session1, &mm.Error{Code: mm.Cancelled, Message: "Nobody waits.",
			Remedy: "Ask again with request id r7.", Executed: mm.ExecutedMaybe}), "Error: Nobody waits.\nAsk again with request id r7.", true},
		{"a held command is as given, and no error", mm.Failed("r", session1, mm.Errorf(mm.Held, "",
			"**Draft PowerShell Send Preview:**\n```\nSend-MailMessage\n```\n\n**BLOCKED — human approval required.** Show it.")),
			"**Draft PowerShell Send Preview:**\n```\nSend-MailMessage\n```\n\n**BLOCKED — human approval required.** Show it.", false},
		{"warnings follow a failure too", mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.CommandFailed, "", "boom"),
			Result: mm.Result{Output: "1\n", Streams: mm.Streams{Warning: []string{"w"}}}}, "Error: boom\n\nOutput up to then:\n1\nWARNING: w", true},
		{"the output up to the failure follows it", mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.CommandFailed, "", "boom"), Result: mm.Result{Output: "1\n2\n"}},
			"Error: boom\n\nOutput up to then:\n1\n2", true},
		{"an outcome without anything is a defect and says so", mm.Outcome{Status: mm.StatusError},
			"Error: The answer has the status \"error\" and nothing else.\nLook into the daemon's log.", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := renderOutcome(c.out, plainText, now)
			if diff := cmp.Diff(c.text, a.Text); diff != "" || a.IsError != c.isError {
				t.Errorf("isError %v\n%s", a.IsError, diff)
			}
		})
	}
}

func TestLongOutputIsCutAtALineAndSaysSo(t *testing.T) {
	lines := make([]string, 10000)
	for i := range lines {
		lines[i] = fmt.Sprintf("mailbox %05d é", i)
	}
	out := prints(strings.Join(lines, "\n"))
	out.Truncated = &mm.Truncated{DroppedChars: 1_000_000}
	out.Streams.Warning = []string{"many"}
	a := renderOutcome(out, runArgs{format: mm.FormatText, maxChars: 1000}, now)
	got := strings.Split(a.Text, "\n")
	last := got[len(got)-1]
	shown := strings.Join(got[:len(got)-2], "\n")
	want := fmt.Sprintf("[Cut: the first %d of 1,159,999 characters are shown. Narrow with Select-Object, Where-Object or -ResultSize, or raise max_chars.]",
		utf8.RuneCountInString(shown))
	if last != want || got[len(got)-2] != "WARNING: many" || got[len(got)-3] != lines[len(got)-3] {
		t.Errorf("ends:\n%s", strings.Join(got[len(got)-4:], "\n"))
	}
	if n := utf8.RuneCountInString(a.Text); n > 1000 || n < 700 {
		t.Errorf("%d characters", n)
	}
}

func TestErrorsAreShownWhenTheOutputThatEndsWithThemIsCut(t *testing.T) {
	out := prints(strings.Repeat("x", 600))
	out.Truncated = &mm.Truncated{DroppedChars: 50}
	for i := range 12 {
		out.Errors = append(out.Errors, mm.ErrorRecord{Message: fmt.Sprintf("failure %d", i)})
	}
	a := renderOutcome(out, runArgs{format: mm.FormatText, maxChars: 1000}, now)
	if !strings.Contains(a.Text, "\nERROR: failure 9\nERROR: … and 2 more\n[Cut: ") {
		t.Errorf("text:\n%s", a.Text)
	}
}

func TestObjectsStayWithinTheBudget(t *testing.T) {
	objects := func(n int) json.RawMessage {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(`{"Name":"user%03d"}`, i)
		}
		return json.RawMessage("[" + strings.Join(items, ",") + "]")
	}
	args := runArgs{format: mm.FormatJSON, maxChars: 1000}
	for _, c := range []struct {
		name string
		out  mm.Outcome
		kept int
		text string
	}{
		{"all", mm.Outcome{Result: mm.Result{Objects: objects(2)}}, 2, "2 objects in structuredContent.objects; ask with format text if you cannot see them."},
		{"one", mm.Outcome{Result: mm.Result{Objects: objects(1)}}, 1, "1 object in structuredContent.objects; ask with format text if you cannot see them."},
		{"none", mm.Outcome{Result: mm.Result{Objects: objects(0)}}, 0, "No objects. The command ended without an error."},
		{"none but errors", mm.Outcome{Result: mm.Result{Errors: []mm.ErrorRecord{{Message: "no"}}}}, 0, "No objects.\nERROR: no"},
		{"too many", mm.Outcome{Result: mm.Result{Objects: objects(100)}}, 42, "42 of 100 objects in structuredContent.objects, the rest is left out: narrow with Select-Object or Where-Object, or raise max_chars (now 1,000)."},
		{"dropped before", mm.Outcome{Result: mm.Result{Objects: objects(1), Truncated: &mm.Truncated{DroppedItems: 4999}}}, 1,
			"1 of 5,000 objects in structuredContent.objects, the rest is left out: narrow with Select-Object or Where-Object, or raise max_chars (now 1,000)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.out.Status = mm.StatusSuccess
			a := renderOutcome(c.out, args, now)
			var kept []json.RawMessage
			if err := json.Unmarshal(a.Objects, &kept); err != nil || len(kept) != c.kept || a.Text != c.text {
				t.Errorf("%d objects (%v), text %q", len(kept), err, a.Text)
			}
			if n := utf8.RuneCountInString(a.Text) + len(a.Objects); n > 1000 {
				t.Errorf("%d characters", n)
			}
		})
	}
	if a := renderOutcome(mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`{"a":1}`)}}, args, now); !a.IsError {
		t.Errorf("objects that are no array: %+v", a)
	}
}

func TestConnectionsAreListed(t *testing.T) {
	for _, c := range []struct {
		name   string
		conns  []mm.Connection
		hidden int
		text   string
	}{
		{"two", []mm.Connection{{Name: "A", Description: "one\ntwo"}, {Name: "B"}}, 0, "**Available Connections:**\n- **A**: one two\n- **B**: "},
		{"some not for us", []mm.Connection{{Name: "A", Description: "x"}}, 1,
			"**Available Connections:**\n- **A**: x\n\n1 connection not enabled for this MCP server (field mcps of the registry)."},
		{"none", nil, 0, "**Available Connections:**\n(none: add one with mm-connections add NAME)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := renderConnections(c.conns, c.hidden, defaultMaxChars); a.Text != c.text || a.IsError {
				t.Errorf("got %q", a.Text)
			}
		})
	}
}
