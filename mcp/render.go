package mcp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// adviceToNarrow says how to get what was left out of a command's output.
const adviceToNarrow = "Narrow with Select-Object, Where-Object or -ResultSize, or raise max_chars."

// statusHeld is the status of a command that waits for a person's confirmation. Nothing failed, so it is no error.
const statusHeld = "confirmation_required"

// renderOutcome turns the outcome of a command into an answer of at most args.maxChars characters, objects included. now is
// for what remains of a device code.
func renderOutcome(out mm.Outcome, args runArgs, now time.Time) answer {
	var a answer
	switch {
	case out.Status == mm.StatusAuthRequired && out.Challenge != nil:
		a = renderChallenge(*out.Challenge, out.Session.Connection, "Module: "+string(out.Session.Module), "command", now)
	case out.Status == mm.StatusSuccess && args.format == mm.FormatText:
		a = renderText(out, args.maxChars)
	case out.Status == mm.StatusSuccess:
		a = renderObjects(out, args.maxChars)
	case out.Err != nil:
		a = renderFailure(out, args.maxChars)
	default:
		a = refused(mm.Errorf(mm.Internal, "Look into the daemon's log.", "The answer has the status %q and nothing else.", out.Status))
	}
	a.RequestID = out.RequestID
	return a
}

func renderText(out mm.Outcome, budget int) answer {
	p := page{body: printed(out), dropped: dropped(out), asides: asides(out, dropped(out) > 0), advice: adviceToNarrow}
	if p.body == "" && p.dropped == 0 {
		p.lead = "(no output) The command ended without an error."
		if len(out.Errors) > 0 {
			p.lead = "(no output)"
			p.asides = append(p.asides, errorLines(out.Errors)...)
		}
	}
	return answer{Status: string(mm.StatusSuccess), Text: p.fit(budget)}
}

// renderObjects keeps as many objects as fit beside one line that sums them up.
func renderObjects(out mm.Outcome, budget int) answer {
	const summary = 200 // what the line that sums up may take
	items, err := splitArray(out.Objects)
	if err != nil {
		return refused(mm.Errorf(mm.Internal, "Ask with format text.", "The objects of the answer are not a JSON array."))
	}
	total := int64(len(items))
	if out.Truncated != nil {
		total += out.Truncated.DroppedItems
	}
	said := shortened(asides(out, true), budget/5)
	room := budget - summary - lines(said)
	objects := []byte{'['}
	kept := 0
	for _, item := range items {
		if len(objects)+len(item)+2 > room {
			break
		}
		if kept > 0 {
			objects = append(objects, ',')
		}
		objects = append(objects, item...)
		kept++
	}
	line := count(total, "object") + " in structuredContent.objects; ask with format text if you cannot see them."
	switch {
	case total == 0 && len(out.Errors) == 0:
		line = "No objects. The command ended without an error."
	case total == 0:
		line = "No objects."
	case int64(kept) < total:
		line = fmt.Sprintf("%s of %s in structuredContent.objects, the rest is left out: narrow with Select-Object or "+
			"Where-Object, or raise max_chars (now %s).", thousands(int64(kept)), count(total, "object"), thousands(int64(budget)))
	}
	return answer{Status: string(mm.StatusSuccess), Text: join(line, "", said), Objects: append(objects, ']')}
}

// renderFailure is the answer to a request that failed, with what the command printed up to then.
func renderFailure(out mm.Outcome, budget int) answer {
	p := page{body: printed(out), dropped: dropped(out), asides: asides(out, dropped(out) > 0), advice: adviceToNarrow}
	const upToThen = "\n\nOutput up to then:"
	room := budget
	if p.body != "" || len(p.asides) > 0 {
		room = budget/2 - len(upToThen)
	}
	a := renderError(out.Err, out.RequestID, room)
	switch {
	case out.Err.Code == mm.Held: // a draft has to be seen whole, and nothing was printed
		p = page{body: a.Text, asides: p.asides, advice: "Raise max_chars: the person has to see all of it."}
	case p.body != "":
		p.lead = a.Text + upToThen
	default:
		p.lead = a.Text
	}
	a.Text = p.fit(budget)
	return a
}

// remedyChars is the longest remedy and note.
const remedyChars = 1000

// renderError is an error as an answer of about room characters. The message is shortened before what is to be done about it.
// requestID may be empty.
func renderError(e *mm.Error, requestID string, room int) answer {
	a := answer{
		Status: string(mm.StatusError), Code: string(e.Code), Remedy: clip(e.Remedy, remedyChars), Executed: string(e.Executed),
		RequestID: requestID, RetryAfter: int((e.RetryAfter + time.Second - 1) / time.Second), IsError: true,
	}
	var after strings.Builder
	if a.Remedy != "" {
		after.WriteString("\n" + clip(a.Remedy, max(room/2, 100)))
	}
	if a.RetryAfter > 0 {
		after.WriteString("\nTry again in " + strconv.Itoa(a.RetryAfter) + " s.")
	}
	if e.Executed == mm.ExecutedMaybe && (requestID == "" || !strings.Contains(a.Remedy, requestID)) {
		after.WriteString("\nIt may have been executed: check before you repeat it.")
		if requestID != "" {
			after.WriteString(" Its request id is " + requestID + ".")
		}
	}
	before, message := "Error: ", e.Message
	switch e.Code {
	case mm.Held:
		a.Status, a.IsError, before = statusHeld, false, ""
	case mm.WrongAccount, mm.Blocked, mm.GraphFailed: // their messages begin with words that prompts look for
		before = ""
	}
	if e.Code != mm.Held {
		message = clip(message, max(room-chars(before)-chars(after.String()), 50))
	}
	a.Text = before + message + after.String()
	return a
}

// refused is the answer to a call that reached no session.
func refused(e *mm.Error) answer { return renderError(e, "", defaultMaxChars) }

// renderConnections is the answer to a call without parameters. hidden counts the connections of other MCP servers.
func renderConnections(conns []mm.Connection, hidden, budget int) answer {
	p := page{lead: "**Available Connections:**", advice: "Raise max_chars for the rest, or ask the person which one to use."}
	all := make([]string, len(conns))
	for i, c := range conns {
		all[i] = fmt.Sprintf("- **%s**: %s", c.Name, oneLine(c.Description))
	}
	p.body = strings.Join(all, "\n")
	if len(conns) == 0 {
		p.body = "(none: add one with mm-connections add NAME)"
	}
	if hidden > 0 {
		p.asides = []string{"", count(int64(hidden), "connection") + " not enabled for this MCP server (field mcps of the registry)."}
	}
	return answer{Status: string(mm.StatusSuccess), Text: p.fit(budget)}
}

// asides are the lines that follow a command's output: warnings, exit codes, notes. withErrors adds the errors, for where
// the output that ends with them is not whole or not shown.
func asides(out mm.Outcome, withErrors bool) []string {
	var all []string
	for _, note := range out.Notes {
		all = append(all, "Note: "+clip(oneLine(note), remedyChars))
	}
	if withErrors {
		all = append(all, errorLines(out.Errors)...)
	}
	if code := out.ExitCode; code != nil && *code != 0 {
		all = append(all, "Exit code: "+strconv.Itoa(*code))
	} else if code := out.LastExit; code != nil && *code != 0 {
		all = append(all, "Exit code of the last native command: "+strconv.Itoa(*code))
	}
	return append(all, bounded("WARNING: ", out.Streams.Warning)...)
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
	var all []string
	for i, t := range texts {
		if i == asidesMax {
			all = append(all, fmt.Sprintf("%s… and %d more", prefix, len(texts)-i))
			break
		}
		all = append(all, prefix+clip(oneLine(t), asideChars))
	}
	return all
}

// printed is what the command printed, without empty lines around it.
func printed(out mm.Outcome) string { return strings.Trim(out.Output, "\r\n") }

func dropped(out mm.Outcome) int64 {
	if out.Truncated == nil {
		return 0
	}
	return out.Truncated.DroppedChars
}
