package enginetest

import (
	"reflect"

	mm "github.com/microsoft-master/mm"
)

var stateRules = []rule{
	{"variables persist", func(p *probe) {
		p.text(p.run(`$kept = 'here'`), "")
		p.text(p.run(`$kept`), "here")
	}},
	{"functions persist", func(p *probe) {
		p.text(p.run(`function Get-Kept { 'from a function' }`), "")
		p.text(p.run(`Get-Kept`), "from a function")
	}},
	{"the location persists", func(p *probe) {
		p.text(p.run(`Set-Location /usr`), "")
		p.text(p.run(`$PWD.Path`), "/usr")
	}},
	{"the session survives throw, exit and a parse error", func(p *probe) {
		p.run(`$kept = 'before'`)
		for _, script := range []string{`throw 'x'`, `exit 1`, unclosed} {
			p.run(script)
		}
		p.text(p.run(`$kept`), "before")
	}},
	{"$LastResult holds the output objects of the command before", func(p *probe) {
		p.run(`'a'; 2`)
		p.text(p.run(`$LastResult`), "a\n2")
		r := p.run(`$LastResult`, format(mm.FormatJSON))
		if got, want := p.objects(r), []any{"a", 2.0}; !reflect.DeepEqual(got, want) {
			p.t.Errorf("objects %v, want %v", got, want)
		}
	}},
}
