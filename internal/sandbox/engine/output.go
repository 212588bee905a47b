package engine

import (
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// Bounds of what one command leaves behind.
const (
	maxRecords = 10_000 // per stream, and errors
	maxLast    = mm.DefaultMaxItems
)

// An output gathers what one command gives, up to the caps of its request. It belongs to the goroutine that runs the
// command.
type output struct {
	want frame.Request
	live func(mm.Record) // sends a record at once

	text    strings.Builder
	chars   int64
	group   []*object // objects of one kind, not printed yet
	items   []any     // up to max_items
	last    []any     // for $LastResult
	count   int64     // of all items
	errors  []mm.ErrorRecord
	closing []string // the errors as they are printed, at the end
	streams mm.Streams
	dropped struct{ chars, records int64 }
}

func (o *output) renders() bool { return o.want.Format != string(mm.FormatJSON) }
func (o *output) keeps() bool   { return o.want.Format != string(mm.FormatText) }

// emit takes one output object.
func (o *output) emit(v any) {
	o.count++
	if o.keeps() && len(o.items) < o.want.MaxItems {
		o.items = append(o.items, v)
	}
	if len(o.last) < maxLast {
		o.last = append(o.last, v)
	}
	if !o.renders() {
		return
	}
	if obj, ok := v.(*object); ok {
		if len(o.group) > 0 && !sameKind(o.group[0], obj) {
			o.flush()
		}
		o.group = append(o.group, obj)
		return
	}
	o.flush()
	o.print(textOf(v) + "\n")
}

// sameKind reports whether two objects are printed in one table.
func sameKind(a, b *object) bool {
	if a.view != nil || b.view != nil {
		return a.view == b.view
	}
	return len(a.properties) == len(b.properties)
}

// flush prints the objects that waited for others of their kind.
func (o *output) flush() {
	if len(o.group) > 0 {
		o.print(printObjects(o.group, o.want.Width))
		o.group = nil
	}
}

// print appends rendered text, whole lines, up to the cap.
func (o *output) print(text string) {
	if o.want.Live {
		o.live(mm.Record{Stream: mm.StreamOutput, Text: text})
	}
	n := int64(utf8.RuneCountInString(text))
	room := int64(o.want.MaxChars) - o.chars
	if n > room {
		o.dropped.chars += n - room
		text, n = string([]rune(text)[:room]), room
	}
	o.text.WriteString(text)
	o.chars += n
}

// host prints what Write-Host writes, in its place.
func (o *output) host(text string) {
	o.record(mm.StreamInformation, text)
	if o.renders() {
		o.flush()
		o.print(text + "\n")
	}
}

// record takes a record of a stream other than output and errors.
func (o *output) record(stream mm.Stream, text string) {
	o.live(mm.Record{Stream: stream, Text: text})
	list := map[mm.Stream]*[]string{
		mm.StreamWarning: &o.streams.Warning, mm.StreamVerbose: &o.streams.Verbose, mm.StreamDebug: &o.streams.Debug,
		mm.StreamInformation: &o.streams.Information, mm.StreamConsole: &o.streams.Console,
	}[stream]
	o.bounded(list, text)
}

// fail takes an error record; origin is what the concise view puts before the message.
func (o *output) fail(e mm.ErrorRecord, origin string) {
	o.live(mm.Record{Stream: mm.StreamError, Text: e.Message})
	if len(o.errors) >= maxRecords {
		o.dropped.records++
		return
	}
	o.errors = append(o.errors, e)
	o.bounded(&o.closing, origin+": "+e.Message+"\n")
}

func (o *output) bounded(list *[]string, text string) {
	if len(*list) < maxRecords {
		*list = append(*list, text)
	} else {
		o.dropped.records++
	}
}

// result is the frame that answers the request.
func (o *output) result() frame.Reply {
	r := frame.Reply{Op: frame.OpResult, ID: o.want.ID, Errors: o.errors, HadErrors: len(o.errors) > 0}
	if o.renders() {
		o.flush()
		for _, e := range o.closing {
			o.print(e)
		}
		r.Text = o.text.String()
	}
	if o.keeps() {
		r.Objects = o.objects()
	}
	if s := o.streams; len(s.Warning)+len(s.Verbose)+len(s.Debug)+len(s.Information)+len(s.Console) > 0 {
		r.Streams = &s
	}
	t := mm.Truncated{KeptItems: int64(len(o.items)), KeptChars: o.chars, DroppedChars: o.dropped.chars,
		DroppedRecords: o.dropped.records}
	if o.keeps() {
		t.DroppedItems = o.count - t.KeptItems
	}
	if t.DroppedItems > 0 || t.DroppedChars > 0 || t.DroppedRecords > 0 {
		r.Truncated = &t
	}
	return r
}

// objects returns the items as a JSON array; where the request selects properties, only those.
func (o *output) objects() []byte {
	to := []byte{'['}
	for i, v := range o.items {
		if i > 0 {
			to = append(to, ',')
		}
		if obj, ok := v.(*object); ok && len(o.want.Select) > 0 {
			picked := &object{}
			for _, path := range o.want.Select {
				picked.properties = append(picked.properties, property{path, obj.get(path)})
			}
			v = picked
		}
		to = appendJSON(to, v, o.want.Depth)
	}
	return append(to, ']')
}
