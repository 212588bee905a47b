package enginetest

import (
	"strings"

	mm "github.com/microsoft-master/mm"
)

var capRules = []rule{
	{"objects over max_items are dropped and counted, and the command runs on", func(p *probe) {
		r := p.run(million+`; $ran = 'to the end'`, format(mm.FormatJSON), maxItems(1000))
		if n := len(p.objects(r)); n != 1000 {
			p.t.Errorf("%d objects", n)
		}
		if r.Truncated == nil || r.Truncated.KeptItems != 1000 || r.Truncated.DroppedItems != 999_000 {
			p.t.Errorf("truncated %+v", r.Truncated)
		}
		p.text(p.run(`$ran`), "to the end")
	}},
	{"text over max_chars is dropped and counted", func(p *probe) {
		r := p.run(million, maxChars(1000))
		c := r.Truncated
		if c == nil || c.KeptChars > 1000 || c.KeptChars < 900 || c.KeptChars+c.DroppedChars < 5_888_896 {
			p.t.Fatalf("truncated %+v", c)
		}
		if len(r.Output) > 1000 || !strings.HasPrefix(r.Output, "1\n2\n3\n") {
			p.t.Errorf("%d characters of text: %.40q", len(r.Output), r.Output)
		}
	}},
	{"ten megabytes arrive whole", func(p *probe) {
		r := p.run(tenMega)
		if got := strings.TrimRight(r.Output, "\r\n"); len(got) != 10<<20 || strings.Trim(got, "x") != "" {
			p.t.Errorf("%d characters", len(got))
		}
		if r.Truncated != nil {
			p.t.Errorf("truncated %+v", r.Truncated)
		}
	}},
	{"nothing is reported as truncated where nothing was", func(p *probe) {
		if r := p.run(`1..5`, format(mm.FormatBoth), maxItems(5)); r.Truncated != nil {
			p.t.Errorf("truncated %+v", r.Truncated)
		}
	}},
}
