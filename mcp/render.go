package mcp

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// renderOutcome turns the outcome of a command into an answer of at most args.maxChars characters. now is for what remains
// of a device code.
func renderOutcome(out mm.Outcome, args runArgs, now time.Time) answer {
	switch {
	case out.Status == mm.StatusAuthRequired && out.Challenge != nil:
		return renderChallenge(out, now)
	case out.Status == mm.StatusSuccess:
		return renderSuccess(out, args)
	case out.Err != nil:
		return renderFailure(out, args)
	}
	return renderError(mm.Errorf(mm.Internal, "Look into the daemon's log.", "The answer has the status %q and nothing else.", out.Status))
}

// renderChallenge is the text that hosts' prompts know, and a last paragraph that says who acts.
func renderChallenge(out mm.Outcome, now time.Time) answer {
	var b strings.Builder
	c := out.Challenge
	fmt.Fprintf(&b, "**DEVICE CODE: %s**\nGo to: %s\n\nConnection: %s\n", c.UserCode, c.URL, out.Session.Connection)
	if c.Account != "" {
		fmt.Fprintf(&b, "**Sign in as: %s**\n", c.Account)
	}
	fmt.Fprintf(&b, "Module: %s\n\nAfter authenticating, retry the command.\n\n", out.Session.Module)
	remedy := "Show the code and the address to the person, wait until they say that they signed in, then call again with the same command."
	b.WriteString(remedy)
	return answer{
		Status: string(mm.StatusAuthRequired), Text: b.String(), Remedy: remedy, Executed: string(mm.ExecutedNo), RequestID: out.RequestID,
		DeviceCode: c.UserCode, AuthURL: c.URL, ExpiresIn: max(0, int(c.ExpiresAt.Sub(now).Seconds())),
	}
}

func renderSuccess(out mm.Outcome, args runArgs) answer {
	a := answer{Status: string(mm.StatusSuccess), RequestID: out.RequestID}
	if args.format != mm.FormatText {
		return renderObjects(a, out, args.maxChars)
	}
	tail := asides(out, droppedChars(out) > 0)
	body := strings.Trim(out.Output, "\r\n")
	if body == "" && droppedChars(out) == 0 {
		body = "(no output)"
		if len(out.Errors) == 0 {
			body += " The command ended without an error."
		} else {
			tail = append(tail, errorLines(out.Errors)...)
		}
	}
	a.Text = fit(body, droppedChars(out), tail, args.maxChars)
	return a
}

// renderObjects keeps as many objects as fit beside one line that sums them up.
func renderObjects(a answer, out mm.Outcome, budget int) answer {
	items, err := splitArray(out.Objects)
	if err != nil {
		return renderError(mm.Errorf(mm.Internal, "Ask with format text.", "The objects of the answer are not a JSON array."))
	}
	tail := asides(out, true)
	total := int64(len(items))
	if out.Truncated != nil {
		total += out.Truncated.DroppedItems
	}
	const summary = 200 // what the line below may take
	room := budget - summary - length(tail)
	kept := 0
	var objects bytes.Buffer
	objects.WriteByte('[')
	for _, item := range items {
		if room -= len(item) + 1; room < 0 {
			break
		}
		if kept > 0 {
			objects.WriteByte(',')
		}
		objects.Write(item)
		kept++
	}
	objects.WriteByte(']')
	a.Objects = objects.Bytes()
	line := count(total, "object") + " in structuredContent.objects; ask with format text if you cannot see them."
	switch {
	case total == 0:
		line = "No objects. The command ended without an error."
		if len(out.Errors) > 0 {
			line = "No objects."
		}
	case int64(kept) < total:
		line = fmt.Sprintf("%s of %s in structuredContent.objects, the rest is left out: narrow with Select-Object or "+
			"Where-Object, or raise max_chars (now %s).", thousands(int64(kept)), count(total, "object"), thousands(int64(budget)))
	}
	a.Text = fit(line, 0, tail, budget)
	return a
}

func renderFailure(out mm.Outcome, args runArgs) answer {
	a := renderError(out.Err)
	a.RequestID = out.RequestID
	tail := []string{a.Text}
	body := strings.Trim(out.Output, "\r\n")
	if body == "" && len(out.Notes) == 0 {
		return a
	}
	// What happened comes first, where no cut reaches it.
	tail = append(tail, out.Notes...)
	if body != "" {
		tail = append(tail, "", "Output up to then:")
		a.Text = strings.Join(tail, "\n") + "\n" + fit(body, droppedChars(out), nil, max(args.maxChars-length(tail), minMaxChars))
		return a
	}
	a.Text = strings.Join(tail, "\n")
	return a
}

// renderError is the answer to a request that failed without output.
func renderError(e *mm.Error) answer {
	var b strings.Builder
	switch e.Code {
	case mm.WrongAccount, mm.Blocked: // their messages begin with words that prompts look for
	default:
		b.WriteString("Error: ")
	}
	b.WriteString(e.Message)
	if e.Remedy != "" {
		b.WriteString("\n" + e.Remedy)
	}
	seconds := int((e.RetryAfter + time.Second - 1) / time.Second)
	if seconds > 0 {
		b.WriteString("\nTry again in " + strconv.Itoa(seconds) + " s.")
	}
	if e.Executed == mm.ExecutedMaybe {
		b.WriteString("\nThe command may have been executed: check before you repeat it.")
	}
	return answer{
		Status: string(mm.StatusError), Text: b.String(), Code: string(e.Code), Remedy: e.Remedy, Executed: string(e.Executed),
		RetryAfter: seconds, IsError: true,
	}
}

// renderConnections is the answer to a call without parameters. hidden counts the connections of other MCP servers.
func renderConnections(conns []mm.Connection, hidden int) answer {
	var b strings.Builder
	b.WriteString("**Available Connections:**")
	for _, c := range conns {
		fmt.Fprintf(&b, "\n- **%s**: %s", c.Name, oneLine(c.Description))
	}
	if len(conns) == 0 {
		b.WriteString("\n(none: add one with mm-connections add NAME)")
	}
	if hidden > 0 {
		b.WriteString("\n\n" + count(int64(hidden), "connection") + " not enabled for this MCP server (field mcps of the registry).")
	}
	return answer{Status: string(mm.StatusSuccess), Text: fit(b.String(), 0, nil, defaultMaxChars)}
}

// asides are the lines that follow a command's output and are never cut: warnings, exit codes, notes. withErrors adds the
// errors, for where the output that ends with them is not whole or not shown.
func asides(out mm.Outcome, withErrors bool) []string {
	var lines []string
	lines = append(lines, bounded("WARNING: ", out.Streams.Warning)...)
	if withErrors {
		lines = append(lines, errorLines(out.Errors)...)
	}
	if code := out.ExitCode; code != nil && *code != 0 {
		lines = append(lines, "Exit code: "+strconv.Itoa(*code))
	} else if code := out.LastExit; code != nil && *code != 0 {
		lines = append(lines, "Exit code of the last native command: "+strconv.Itoa(*code))
	}
	for _, note := range out.Notes {
		lines = append(lines, "Note: "+note)
	}
	return lines
}

func errorLines(errs []mm.ErrorRecord) []string {
	texts := make([]string, len(errs))
	for i, e := range errs {
		texts[i] = e.Message
	}
	return bounded("ERROR: ", texts)
}

// bounded gives the first asidesMax texts, a line each of at most asideChars, and says how many more there are.
func bounded(prefix string, texts []string) []string {
	const asidesMax, asideChars = 10, 300
	var lines []string
	for i, t := range texts {
		if i == asidesMax {
			lines = append(lines, fmt.Sprintf("%s… and %d more", prefix, len(texts)-i))
			break
		}
		lines = append(lines, prefix+clip(oneLine(t), asideChars))
	}
	return lines
}

func droppedChars(out mm.Outcome) int64 {
	if out.Truncated == nil {
		return 0
	}
	return out.Truncated.DroppedChars
}
