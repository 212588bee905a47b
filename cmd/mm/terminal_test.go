package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// columns is a terminal of n columns that keeps what is written to it.
func columns(b *bytes.Buffer, n int) screen {
	return screen{Writer: b, cursor: true, size: func() int { return n }}
}

func TestLinesFitTheTerminal(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"häßlich lang", 8, "häßlich…"},
		{"漢字漢字", 8, "漢字漢字"}, {"漢字漢字", 7, "漢字漢…"}, {"漢字漢字", 6, "漢字…"}, {"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"no room", 0, "no room"}, {"one", 1, "…"},
	} {
		got := fitLine(c.text, c.n)
		if got != c.want || (c.n > 0 && textWidth(got) > c.n) {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestProgressIsOneLine(t *testing.T) {
	for _, c := range []struct {
		rec  mm.Record
		want string
	}{
		{mm.Record{Activity: "Moving", Text: "mailbox\n3", Percent: 30}, " 30% Moving: mailbox 3"},
		{mm.Record{Activity: "Moving", Percent: -1}, "Moving"},
		{mm.Record{Text: "\x1b]0;title\x07x", Percent: 100}, "100% ]0;title x"},
	} {
		if got := progressText(c.rec); got != c.want {
			t.Errorf("got %q", got)
		}
	}
}

func TestControlCharactersDoNotReachATerminal(t *testing.T) {
	const evil = "a\x1b]0;title\x07\tb\r\nc\u009b31m\u202edd"
	var b bytes.Buffer
	if got := columns(&b, 80).safe(evil); got != "a\ufffd]0;title\ufffd\tb\nc\ufffd31m\ufffddd" {
		t.Errorf("on a terminal: %q", got)
	}
	if got := (screen{Writer: &b}).safe(evil); got != evil {
		t.Errorf("in a pipe: %q", got)
	}
}

func TestTheStatusLineGoesAwayWhole(t *testing.T) {
	var b bytes.Buffer
	size := 20
	l := statusLine{screen: screen{Writer: &b, cursor: true, size: func() int { return size }}}
	said := func(want string) {
		t.Helper()
		if b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
		b.Reset()
	}
	l.draw("0123456789012345678901", tenOClock)
	said("012345678901234567…")
	l.draw("too soon", tenOClock.Add(redrawEvery/2))
	said("")
	l.draw("again", tenOClock.Add(redrawEvery))
	said("\r\x1b[Jagain")
	l.draw("0123456789012345678", tenOClock.Add(2*redrawEvery))
	said("\r\x1b[J0123456789012345678")
	l.draw("0123456789012345678", tenOClock.Add(3*redrawEvery))
	said("")
	size = 7 // made narrower: the line is three now
	l.erase()
	said("\r\x1b[2A\x1b[J")
	l.erase()
	said("")
	dumb := statusLine{screen: screen{Writer: &b, size: func() int { return 80 }}}
	dumb.draw("x", tenOClock)
	dumb.erase()
	said("")
}

func TestClocksAreReadable(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00", 0: "0:00", 65 * time.Second: "1:05", 899500 * time.Millisecond: "15:00", 3723 * time.Second: "1:02:03",
	} {
		if got := clock(d); got != want {
			t.Errorf("%s: %s, not %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{15 * time.Minute: "15 minutes", 80 * time.Second: "1 minute", time.Second: "less than a minute"} {
		if got := validFor(d); got != want {
			t.Errorf("%s: %s, not %s", d, got, want)
		}
	}
}

func TestTablesAlignWhatIsWide(t *testing.T) {
	var b bytes.Buffer
	err := table(&b, [][]string{{"A", "B", "C"}, {"漢字", "", "x"}, {"long one", "y", ""}, {"z"}})
	if want := "A         B  C\n漢字         x\nlong one  y\nz\n"; err != nil || b.String() != want {
		t.Errorf("%v, got\n%s", err, strings.ReplaceAll(b.String(), " ", "·"))
	}
}
