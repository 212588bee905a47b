package enginetest

import (
	"reflect"
	"strings"

	mm "github.com/microsoft-master/mm"
)

const everyStream = `Write-Warning 'w'; Write-Verbose 'v' -Verbose; Write-Debug 'd' -Debug; Write-Information 'i'; ` +
	`Write-Host 'h'; Write-Error 'e'; Write-Output 'o'`

var streamRules = []rule{
	{"every stream is in the result, and Write-Host in the text too", func(p *probe) {
		r := p.run(everyStream)
		want := mm.Streams{
			Warning: []string{"w"}, Verbose: []string{"v"}, Debug: []string{"d"}, Information: []string{"i", "h"},
		}
		if !reflect.DeepEqual(r.Streams, want) {
			p.t.Errorf("streams %+v, want %+v", r.Streams, want)
		}
		if !strings.HasPrefix(strings.TrimLeft(r.Output, "\n"), "h\no\n") {
			p.t.Errorf("output %q", r.Output)
		}
	}},
	{"every stream comes live, in the order in which it was written", func(p *probe) {
		mark := p.mark()
		id := p.running(everyStream + `; ` + wait)
		p.record(mark, id, mm.StreamError, "e")
		var got []string
		for _, r := range p.streamed(id) {
			if r.Stream != mm.StreamOutput {
				got = append(got, string(r.Stream)+" "+strings.TrimRight(r.Text, "\n"))
			}
		}
		want := []string{"warning begun", "warning w", "verbose v", "debug d", "information i", "information h", "error e"}
		if !reflect.DeepEqual(got, want) {
			p.t.Errorf("live: %q\nwant: %q", got, want)
		}
		p.engine.Cancel(id)
		p.result(id)
	}},
	{"output comes live where it is asked for", func(p *probe) {
		mark := p.mark()
		id := p.running(`'early'; `+wait, live)
		p.record(mark, id, mm.StreamOutput, "early")
		p.engine.Cancel(id)
		p.result(id)
	}},
	{"output does not come live where nobody asked", func(p *probe) {
		id := p.begin(`'quiet'`)
		p.result(id)
		if got := p.streamed(id); len(got) > 0 {
			p.t.Errorf("records %+v", got)
		}
	}},
	{"progress comes live with activity and percentage", func(p *probe) {
		id := p.begin(`Write-Progress -Activity 'Copying' -Status 'half' -PercentComplete 50`)
		p.result(id)
		for _, r := range p.streamed(id) {
			if r.Stream == mm.StreamProgress && r.Activity == "Copying" && r.Percent == 50 && strings.Contains(r.Text, "half") {
				return
			}
		}
		p.t.Errorf("records %+v", p.streamed(id))
	}},
	{"no record comes after the result", func(p *probe) {
		id := p.begin(`Write-Warning 'first'; Write-Warning 'last'`)
		p.result(id)
		p.ping()
		ended := false
		for _, e := range p.all() {
			switch e := e.(type) {
			case mm.Completed:
				ended = ended || e.ID == id
			case mm.Streamed:
				if ended && e.ID == id {
					p.t.Errorf("after the result: %+v", e.Records)
				}
			}
		}
	}},
}

// streamed returns the records of a command in order.
func (p *probe) streamed(id string) []mm.Record {
	var list []mm.Record
	for _, e := range p.all() {
		if s, ok := e.(mm.Streamed); ok && s.ID == id {
			list = append(list, s.Records...)
		}
	}
	return list
}
