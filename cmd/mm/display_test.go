package main

import (
	"bytes"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// watchedOn shows records and then an answer on a terminal of 40 columns, and returns what it wrote in the order of writing:
// what went to standard error is between < and >.
func watchedOn(t *testing.T, records []mm.Record, out mm.Outcome) string {
	t.Helper()
	var b bytes.Buffer
	terminal := screen{size: func() int { return 40 }}
	stdout, stderr := terminal, terminal
	stdout.Writer, stderr.Writer = &b, marked{&b}
	d := newDisplay(stdout, stderr, false, func(time.Time) string { return "" })
	for _, r := range records {
		d.watching()([]mm.Record{r})
	}
	if err := d.finish(out); err != nil {
		t.Error(err)
	}
	return b.String()
}

type marked struct{ *bytes.Buffer }

func (m marked) Write(p []byte) (int, error) {
	m.WriteString("<")
	m.Buffer.Write(p)
	m.WriteString(">")
	return len(p), nil
}

func output(text string) mm.Record { return mm.Record{Stream: mm.StreamOutput, Text: text} }

func TestOutputAppearsAsItIsProducedAndOnlyTheRestAtTheEnd(t *testing.T) {
	const again = "\nThe terminal missed some of the output above. All of it, from the beginning:\n"
	failed := mm.Record{Stream: mm.StreamError, Text: "boom"}
	warned := mm.Record{Stream: mm.StreamWarning, Text: "w"}
	withError := with(printed("a\nX: boom\n"), func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "boom"}} })
	for _, c := range []struct {
		name    string
		records []mm.Record
		out     mm.Outcome
		want    string
	}{
		{"all of it came", []mm.Record{output("a\n"), output("b\n")}, printed("a\nb\n"), "a\nb\n"},
		{"nothing came", nil, printed("a\nb\n"), "a\nb\n"},
		{"the end is missing", []mm.Record{output("a\n")}, printed("a\nb\n"), "a\nb\n"},
		{"a line has no end", []mm.Record{output("a")}, printed("a"), "a\n"},
		{"something between is missing", []mm.Record{output("a\n"), output("c\n")}, printed("a\nb\nc\n"), "a\nc\n" + again + "a\nb\nc\n"},
		{"a bound has cut the answer", []mm.Record{output("a\n"), output("b\n")}, printed("a\n"), "a\nb\n"},
		{"warnings come in their place, once", []mm.Record{output("a\n"), warned, output("b\n")},
			with(printed("a\nb\n"), func(o *mm.Outcome) { o.Streams.Warning = []string{"w", "later"} }), "a\n<WARNING: w\n>b\n<WARNING: later\n>"},
		{"errors go to standard error", []mm.Record{output("a\n"), failed, output("X: boom\n")}, withError, "a\n<X: boom\n>"},
		{"errors that did not come", []mm.Record{output("a\n"), failed}, withError, "a\n<X: boom\n>"},
		{"errors after a line without an end", []mm.Record{output("a"), failed, output("X: boom\n")}, withError, "a\n<X: boom\n>"},
		{"an answer that was lost", []mm.Record{output("a")}, mm.Outcome{Status: mm.StatusError}, "a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := watchedOn(t, c.records, c.out); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNobodyWatchesAPipe(t *testing.T) {
	d := newDisplay(screen{Writer: new(bytes.Buffer)}, screen{Writer: new(bytes.Buffer)}, false, nil)
	if d.watching() != nil {
		t.Error("records are asked for")
	}
}

func TestOutputDoesNotMixWithTheStatusLine(t *testing.T) {
	var b bytes.Buffer
	terminal := columns(&b, 40)
	d := newDisplay(terminal, terminal, false, func(time.Time) string { return "running" })
	take := d.watching()
	said := func(what, want string) {
		t.Helper()
		if b.String() != want {
			t.Errorf("%s: got %q, want %q", what, b.String(), want)
		}
		b.Reset()
	}
	d.tick(tenOClock)
	said("nothing yet", "running")
	take([]mm.Record{output("a\n")})
	said("output", "\r\x1b[Ja\nrunning")
	take([]mm.Record{output("half")})
	said("half a line", "\r\x1b[Jhalf")
	d.tick(tenOClock.Add(time.Hour))
	said("no status line beside it", "")
	take([]mm.Record{output(" a line\n"), {Stream: mm.StreamProgress, Activity: "Moving", Percent: 5}})
	said("its end", " a line\n  5% Moving")
	if err := d.finish(printed("a\nhalf a line\n")); err != nil {
		t.Error(err)
	}
	said("the end", "\r\x1b[J")
}

func TestErrorsOfObjectsAreToldAsTheyCome(t *testing.T) {
	var b bytes.Buffer
	d := newDisplay(screen{Writer: new(bytes.Buffer)}, columns(&b, 40), true, func(time.Time) string { return "" })
	d.watching()([]mm.Record{{Stream: mm.StreamError, Text: "one"}})
	if b.String() != "ERROR: one\n" {
		t.Errorf("got %q", b.String())
	}
	out := mm.Outcome{Result: mm.Result{Errors: []mm.ErrorRecord{{Message: "one"}, {Message: "two"}}}}
	if err := d.finish(out); err != nil || b.String() != "ERROR: one\nERROR: two\n" {
		t.Errorf("%v, got %q", err, b.String())
	}
}
