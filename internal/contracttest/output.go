package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func trimmed(s string) string { return strings.TrimRight(s, "\r\n") }

func outputIsWhole(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	for _, text := range []string{"hello", "<a href=\"x\"> & </a>", `C:\temp\"`, "tab\tübergrößenträger – 日本 🙂", "event: result", `{"status":"error"}`} {
		p.succeeded(p.run(command(s, "'"+text+"'")), text)
	}
	const n = 1 << 20
	if o := p.run(command(s, fmt.Sprintf("'x' * %d", n))); trimmed(o.Output) != strings.Repeat("x", n) || o.Truncated != nil {
		t.Errorf("%d of %d characters, %+v", len(o.Output), n, o.Truncated)
	}
}

func objectsComeAsJSON(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	const text = `[pscustomobject]@{Name='a <b>';Count=2}`
	for format, want := range map[mm.Format]bool{mm.FormatText: false, mm.FormatJSON: true, mm.FormatBoth: true, "": false} {
		c := command(s, text)
		c.Want.Format = format
		o := p.run(c)
		if o.Status != mm.StatusSuccess || (o.Objects != nil) != want {
			t.Errorf("%q: %s, objects %s, error %v", format, o.Status, o.Objects, o.Err)
			continue
		}
		var objects []struct {
			Name  string
			Count int
		}
		if err := json.Unmarshal(o.Objects, &objects); want && (err != nil || len(objects) != 1 || objects[0].Name != "a <b>" || objects[0].Count != 2) {
			t.Errorf("%q: %s, %v", format, o.Objects, err)
		}
	}
}

func wishesAreRespected(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `1..50`)
	c.Want = mm.Want{Format: mm.FormatJSON, MaxItems: 20}
	o := p.run(c)
	var numbers []int
	if err := json.Unmarshal(o.Objects, &numbers); err != nil || len(numbers) != 20 || o.Truncated == nil ||
		o.Truncated.KeptItems != 20 || o.Truncated.DroppedItems != 30 {
		t.Errorf("objects %s, %+v, %v", o.Objects, o.Truncated, err)
	}
	c = command(s, `'x' * 1000`)
	c.Want = mm.Want{MaxChars: 200}
	if o := p.run(c); len(o.Output) > 200 || len(o.Output) < 100 || o.Truncated == nil || o.Truncated.DroppedChars < 800 {
		t.Errorf("%d characters, %+v", len(o.Output), o.Truncated)
	}
}

func throwing(t *testing.T, p pool) {
	o := p.run(command(p.signedIn(p.exo()), `'before'; throw 'no luck'; 'after'`))
	p.failed(o, mm.CommandFailed, mm.ExecutedYes)
	if !strings.Contains(o.Output, "before") || strings.Contains(o.Output, "after") || o.Terminated != mm.Threw {
		t.Errorf("terminated %q, output %q", o.Terminated, o.Output)
	}
	if len(o.Errors) != 1 || o.Errors[0].Message != "no luck" || !o.Errors[0].Terminating || !strings.Contains(o.Err.Message, "no luck") {
		t.Errorf("errors %+v, %v", o.Errors, o.Err)
	}
}

func writingErrors(t *testing.T, p pool) {
	o := p.run(command(p.signedIn(p.exo()), `Write-Error 'no luck'; Write-Warning 'careful'; 'after'`))
	if o.Status != mm.StatusSuccess || !o.HadErrors || len(o.Errors) != 1 || o.Errors[0].Message != "no luck" || o.Errors[0].Terminating {
		t.Errorf("%s, errors %+v", o.Status, o.Errors)
	}
	if !strings.Contains(o.Output, "after") || !strings.Contains(o.Output, "no luck") || len(o.Streams.Warning) != 1 || o.Streams.Warning[0] != "careful" {
		t.Errorf("output %q, streams %+v", o.Output, o.Streams)
	}
}

func progressInOrder(t *testing.T, p pool) {
	var script []string
	for i := range 20 {
		script = append(script, fmt.Sprintf("Write-Warning 'w%d'", i))
	}
	var got []string
	answered := false
	o := p.follow(command(p.signedIn(p.exo()), strings.Join(script, "; ")+"; 'end'"), func(records []mm.Record) {
		if answered {
			t.Error("progress came after the answer")
		}
		for _, r := range records {
			if r.Stream == mm.StreamWarning {
				got = append(got, fmt.Sprintf("Write-Warning '%s'", r.Text))
			}
		}
	})
	answered = true
	p.succeeded(o, "end")
	if strings.Join(got, ";") != strings.Join(script, ";") {
		t.Errorf("progress %q", got)
	}
}
