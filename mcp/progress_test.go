package mcp

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestProgressComesBeforeItsAnswer(t *testing.T) {
	svc := &scripted{connections: contoso(), run: func(_ context.Context, _ mm.Command, progress mm.Progress) mm.Outcome {
		progress([]mm.Record{{Stream: mm.StreamVerbose, Text: "first"}, {Stream: mm.StreamWarning, Text: "slow\nserver"}})
		return prints("done")
	}}
	h := connect(t, svc)
	h.send(hello, ready)
	h.receive()
	h.send(runs("1", `{"connection":"Contoso-GA","module":"exo","command":"x"}`))
	got := h.receive()
	for _, want := range []string{`"method":"notifications/progress"`, `"progressToken":"tok"`, `"progress":1`, `"message":"WARNING: slow server"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if got := h.receive(); !strings.Contains(got, `"text":"done"`) {
		t.Errorf("got %s", got)
	}
}

func TestWithoutATokenThereIsNoProgress(t *testing.T) {
	s := New(&scripted{}, Config{})
	if report, done := s.reporter(t.Context(), nil); report != nil {
		t.Error("a reporter without a token")
	} else {
		done()
	}
}

func TestFloodsAreThinnedAndSilenceIsFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		r := &reporter{begun: time.Now(), send: func(n int, message string) {
			if n != len(sent)+1 {
				t.Errorf("progress %d after %d", n, len(sent))
			}
			sent = append(sent, message)
		}}
		for range 1000 {
			r.records([]mm.Record{{Stream: mm.StreamInformation, Text: "x"}})
			time.Sleep(time.Millisecond)
		}
		r.records(nil)
		if len(sent) != 10 {
			t.Errorf("%d notifications in a second", len(sent))
		}
		r.beat() // too early: something was said within the last ten seconds
		time.Sleep(heartbeatEvery)
		r.beat()
		if last := sent[len(sent)-1]; len(sent) != 11 || last != "still running (11 s)" {
			t.Errorf("%d, last %q", len(sent), last)
		}
	})
}

func TestProgressMessages(t *testing.T) {
	for _, c := range []struct {
		rec  mm.Record
		want string
	}{
		{mm.Record{Stream: mm.StreamProgress, Activity: "Moving", Text: "mailbox 3", Percent: 30}, "Moving: mailbox 3 (30%)"},
		{mm.Record{Stream: mm.StreamProgress, Activity: "Moving", Percent: -1}, "Moving"},
		{mm.Record{Stream: mm.StreamProgress, Text: "half", Percent: 50}, "half (50%)"},
		{mm.Record{Stream: mm.StreamInformation, Text: "  a\n\tb "}, "a b"},
		{mm.Record{Stream: mm.StreamError, Text: "no"}, "ERROR: no"},
		{mm.Record{Stream: mm.StreamOutput, Text: strings.Repeat("é", 300)}, strings.Repeat("é", 199) + "…"},
	} {
		if got := progressMessage(c.rec); got != c.want {
			t.Errorf("%+v: got %q", c.rec, got)
		}
	}
}
