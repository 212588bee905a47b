package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// noContent is how the answer to a request that gives nothing has always read.
const noContent = `{"message": "OK (no content)"}`

// adviceToSelect says how to get what was left out of an answer that is no list.
const adviceToSelect = "Use $select or jq, or raise max_chars."

// cutNotice is what the line that tells of items left out may take, in characters.
const cutNotice = 160

// renderGraph turns the outcome of a graph request into an answer of at most args.maxChars characters, data and next included.
// now is for what remains of a device code.
func renderGraph(out mm.Outcome, args graphArgs, now time.Time) answer {
	var a answer
	switch {
	case out.Status == mm.StatusAuthRequired && out.Challenge != nil:
		tool := "Tool: Graph API"
		if args.request.Resource == mm.FlowResource {
			tool = "Tool: Power Automate (flow)"
		}
		a = renderChallenge(*out.Challenge, args.request.Connection, tool, "request", now)
	case out.Status == mm.StatusSuccess && out.Graph != nil:
		a = graphPage{GraphResult: *out.Graph, args: args}.render(out)
	case out.Err != nil:
		a = renderFailure(out, args.maxChars)
	default:
		a = refused(mm.Errorf(mm.Internal, "Look into the daemon's log.", "The answer has the status %q and nothing else.", out.Status))
	}
	a.RequestID = out.RequestID
	if out.Graph != nil {
		a.HTTPStatus = out.Graph.HTTPStatus
	}
	return a
}

// A graphPage is what Graph answered, to be shown.
type graphPage struct {
	mm.GraphResult
	args graphArgs
	room int // characters for the answer itself, beside the lines that follow it
	a    answer
}

// render shows the answer, then notes, then how to go on, then what was left out.
func (p graphPage) render(out mm.Outcome) answer {
	p.a = answer{Status: string(mm.StatusSuccess), File: p.File}
	tail := asides(out, false)
	if p.Count >= 0 {
		tail = append(tail, "Count: "+thousands(p.Count))
	}
	tail = shortened(tail, p.args.maxChars/5)
	if p.Next != "" {
		tail = append(tail, p.goOn())
	}
	p.room = p.args.maxChars - lines(tail) - chars(p.a.Next)
	var body, cut string
	switch {
	case p.File != "":
		body = clip(fmt.Sprintf("Saved: %s (%s%s)", p.File, count(p.FileSize, "byte"), prefixed(", ", p.FileType)), p.room)
	case p.Data == nil:
		body = p.cutText(p.Text, "Save it whole with save_to, or raise max_chars.")
	case p.args.format != mm.FormatText:
		body = p.asData()
	default:
		body, cut = p.asText()
	}
	if cut != "" {
		tail = append(tail, cut)
	}
	p.a.Text = join(body, "", tail)
	return p.a
}

// goOn is the line that says how to get what follows. An address that leaves no room for anything else is left out, and said to
// be.
func (p *graphPage) goOn() string {
	begin, end := "There is more: call again with page=", ""
	if p.Delta {
		begin = "For what changes from now on, call again later with page="
	} else if !p.args.request.All {
		end = " (or without page and with all=true)"
	}
	if 2*chars(p.Next)+len(begin)+len(end) > p.args.maxChars/2 {
		return fmt.Sprintf("There is more, at an address of %s characters: raise max_chars to see it.", thousands(int64(chars(p.Next))))
	}
	p.a.Next = p.Next
	return begin + p.Next + end
}

// asText is the data as JSON text, each item of a list on a line, and the line that says what was left out.
func (p *graphPage) asText() (body, cut string) {
	l, isList := itemsIn(p.Data)
	if !isList {
		data := string(p.Data)
		if strings.Join(strings.Fields(data), "") == strings.Join(strings.Fields(noContent), "") {
			data = noContent
		}
		return p.cutText(data, adviceToSelect), ""
	}
	n := len(l.all)
	if l.fitting(p.room) < n {
		n = l.fitting(p.room - cutNotice)
	}
	if n < 0 || n == 0 && len(l.all) > 0 { // the beginning of an item is better than none
		return p.cutText(l.text(len(l.all)), adviceToSelect), ""
	}
	p.count(l, n)
	if n < len(l.all) {
		cut = p.leftOut(n)
	}
	return l.text(n), cut
}

// cutText is a text of at most room characters.
func (p *graphPage) cutText(s, advice string) string {
	total := int64(chars(s)) + p.droppedChars()
	if total == 0 {
		return "(no content)"
	}
	if p.droppedChars() == 0 && total <= int64(p.room) {
		return s
	}
	body := cut(s, max(0, p.room-notice))
	p.a.Truncated = &truncated{Kept: int64(chars(body)), Dropped: total - int64(chars(body))}
	return join(body, "", []string{cutLine(p.a.Truncated.Kept, total, advice)})
}

func (p *graphPage) droppedChars() int64 {
	if p.Truncated == nil {
		return 0
	}
	return p.Truncated.DroppedChars
}

// asData puts the data into structuredContent, as many items as fit, and returns one line that sums it up.
func (p *graphPage) asData() string {
	const see = " in structuredContent.data; ask with format text if you cannot see it."
	l, isList := itemsIn(p.Data)
	room := p.room - cutNotice
	n := -1
	if isList {
		n = l.fitting(room)
	}
	if n < 0 {
		if n := chars(string(p.Data)); n > room {
			p.a.Truncated = &truncated{Dropped: int64(n)}
			return clip(fmt.Sprintf("The answer has %s characters, which is too much: %s", thousands(int64(n)), adviceToSelect), p.room)
		}
		p.a.Data = p.Data
		return "The answer is" + see
	}
	p.a.Data = json.RawMessage(l.text(n))
	p.count(l, n)
	if n < len(l.all) {
		return p.leftOut(n)
	}
	return count(int64(n), "item") + see
}

// count notes how many items are shown and how many are not.
func (p *graphPage) count(l items, n int) {
	dropped := int64(len(l.all) - n)
	if p.Truncated != nil {
		dropped += p.Truncated.DroppedItems
	}
	if dropped > 0 {
		p.a.Truncated = &truncated{Kept: int64(n), Dropped: dropped}
	}
}

// leftOut says that the first n items are shown, and how to get the others: next goes on behind all of them.
func (p *graphPage) leftOut(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[Cut: %s of %s shown", thousands(int64(n)), count(int64(n)+p.a.Truncated.Dropped, "item"))
	if p.a.Next != "" {
		b.WriteString("; page skips the rest")
	}
	b.WriteString(". Use ")
	if r := p.args.request; n > 0 && r.JQ == "" && !r.All && (r.Method == "" || strings.EqualFold(r.Method, "GET")) {
		fmt.Fprintf(&b, "$top=%d, ", n)
	}
	b.WriteString("$select or jq, or raise max_chars.]")
	return b.String()
}

// prefixed puts a sign before a text that is there.
func prefixed(sign, s string) string {
	if s == "" {
		return ""
	}
	return sign + s
}
