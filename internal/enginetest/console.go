package enginetest

import (
	"reflect"

	mm "github.com/microsoft-master/mm"
)

var consoleRules = []rule{
	{"console text goes to the command that wrote it, live and in the result", func(p *probe) {
		id := p.begin(`[Console]::WriteLine('noise'); [Console]::Error.WriteLine('loud'); 'quiet'`)
		r := p.result(id)
		p.text(r, "quiet")
		want := map[string]bool{"noise": true, "loud": true} // two pipes: no order between them
		got := map[string]bool{}
		for _, line := range r.Streams.Console {
			got[line] = true
		}
		if len(r.Streams.Console) != 2 || !reflect.DeepEqual(got, want) {
			p.t.Errorf("console %q", r.Streams.Console)
		}
		var live []string
		for _, rec := range p.streamed(id) {
			if rec.Stream == mm.StreamConsole {
				live = append(live, rec.Text)
			}
		}
		if len(live) != 2 {
			p.t.Errorf("live %q", live)
		}
	}},
	{"a line without an end belongs to the command that wrote it", func(p *probe) {
		r := p.run(`[Console]::Write('half')`)
		if want := []string{"half"}; !reflect.DeepEqual(r.Streams.Console, want) {
			p.t.Errorf("console %q", r.Streams.Console)
		}
	}},
	{"the next command has no part in it", func(p *probe) {
		for range 50 {
			p.run(`[Console]::WriteLine('noise')`)
			if r := p.run(number); len(r.Streams.Console) > 0 {
				p.t.Fatalf("console of the next command: %q", r.Streams.Console)
			}
		}
	}},
	{"no text on any channel is taken for the protocol", func(p *probe) {
		for _, m := range markers {
			r := p.run(`[Console]::WriteLine('` + m + `'); Write-Host '` + m + `'; '` + m + `'; 'after'`)
			p.text(r, m+"\n"+m+"\nafter")
			if want := []string{m}; !reflect.DeepEqual(r.Streams.Console, want) {
				p.t.Errorf("console %q, want %q", r.Streams.Console, want)
			}
		}
	}},
}
