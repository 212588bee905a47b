package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	mm "github.com/microsoft-master/mm"
)

// anOutcome draws outcomes of every kind, small and far over every budget.
func anOutcome() *rapid.Generator[mm.Outcome] {
	words := func(most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			s := rapid.StringOf(rapid.SampledFrom([]rune("ab é漢\n"))).Draw(t, "words")
			return strings.Repeat(s, rapid.IntRange(1, most).Draw(t, "times"))
		})
	}
	return rapid.Custom(func(t *rapid.T) mm.Outcome {
		out := mm.Outcome{RequestID: randomID(), Session: session1, Status: mm.StatusSuccess, Notes: rapid.SliceOfN(words(100), 0, 3).Draw(t, "notes")}
		out.Output = words(3000).Draw(t, "output")
		out.Streams.Warning = rapid.SliceOfN(words(20), 0, 30).Draw(t, "warnings")
		for range rapid.IntRange(0, 20).Draw(t, "errors") {
			out.Errors = append(out.Errors, mm.ErrorRecord{Message: words(50).Draw(t, "error")})
		}
		items := make([]string, rapid.IntRange(0, 200).Draw(t, "objects"))
		for i := range items {
			items[i] = fmt.Sprintf(`{"n":%d,"s":%q}`, i, strings.Repeat("x", rapid.IntRange(0, 100).Draw(t, "size")))
		}
		out.Objects = json.RawMessage("[" + strings.Join(items, ",") + "]")
		if rapid.Bool().Draw(t, "cut before") {
			out.Truncated = &mm.Truncated{DroppedChars: 7, DroppedItems: 7}
		}
		if rapid.Bool().Draw(t, "failed") {
			out.Status = mm.StatusError
			out.Err = &mm.Error{Message: words(3000).Draw(t, "message"), Remedy: words(100).Draw(t, "remedy"),
				Code:       rapid.SampledFrom([]mm.Code{mm.CommandFailed, mm.Blocked, mm.Held, mm.SessionDied}).Draw(t, "code"),
				Executed:   rapid.SampledFrom([]mm.Executed{mm.ExecutedNo, mm.ExecutedMaybe}).Draw(t, "executed"),
				RetryAfter: time.Duration(rapid.IntRange(0, 100).Draw(t, "retry")) * time.Second}
		}
		return out
	})
}

// One budget covers the whole result: the text, which structuredContent repeats, and the objects.
func TestNoResultIsLongerThanItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := anOutcome().Draw(t, "outcome")
		args := runArgs{maxChars: rapid.IntRange(minMaxChars, 5000).Draw(t, "budget"),
			format: rapid.SampledFrom([]mm.Format{mm.FormatText, mm.FormatJSON, mm.FormatBoth}).Draw(t, "format")}
		a := renderOutcome(out, args, now)
		if n := utf8.RuneCountInString(a.Text) + len(a.Objects); n > args.maxChars {
			t.Fatalf("%d characters of %d", n, args.maxChars)
		}
		if !utf8.ValidString(a.Text) || a.Text == "" {
			t.Fatalf("text %q", a.Text)
		}
		if a.Objects != nil && !json.Valid(a.Objects) {
			t.Fatalf("objects %s", a.Objects)
		}
		if a.IsError != (out.Err != nil && out.Err.Code != mm.Held) {
			t.Fatalf("isError %v for %+v", a.IsError, out.Err)
		}
	})
}

// What does not fit is never left out in silence.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := page{body: strings.Repeat(rapid.StringOf(rapid.SampledFrom([]rune("ab é漢\n"))).Draw(t, "body"), rapid.IntRange(1, 200).Draw(t, "times")),
			dropped: rapid.Int64Range(0, 10).Draw(t, "dropped"), asides: []string{"WARNING: aside"}, advice: "Do this."}
		budget := rapid.IntRange(minMaxChars, 3000).Draw(t, "budget")
		got := p.fit(budget)
		if !strings.Contains(got, "WARNING: aside") {
			t.Fatalf("no aside in %q", got)
		}
		whole := strings.HasPrefix(got, p.body) && p.dropped == 0
		if said := strings.HasSuffix(got, " Do this.]") && strings.Contains(got, "\n[Cut: the first ") || strings.HasPrefix(got, "[Cut: "); said == whole {
			t.Fatalf("whole %v but said %v", whole, said)
		}
	})
}

func TestManyAsidesAreCounted(t *testing.T) {
	out := prints(strings.Repeat("x", 600))
	for range 10 {
		out.Streams.Warning = append(out.Streams.Warning, strings.Repeat("w", 60))
	}
	a := renderOutcome(out, runArgs{format: mm.FormatText, maxChars: 1000}, now)
	if !strings.Contains(a.Text, "\n… and 8 more lines; raise max_chars.") {
		t.Errorf("text:\n%s", a.Text)
	}
}

func TestALongMessageLeavesRoomForItsRemedy(t *testing.T) {
	out := mm.Failed("r1", session1, mm.Errorf(mm.CommandFailed, "Do this.", "%s", strings.Repeat("x", 50_000)))
	out.Output = strings.Repeat("line\n", 50_000)
	for _, budget := range []int{minMaxChars, defaultMaxChars} {
		a := renderOutcome(out, runArgs{maxChars: budget}, now)
		if !strings.Contains(a.Text, "…\nDo this.\n\nOutput up to then:\n") || !strings.HasSuffix(a.Text, "raise max_chars.]") {
			t.Errorf("%d: %.200s … %s", budget, a.Text, a.Text[len(a.Text)-200:])
		}
	}
}
