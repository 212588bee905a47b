package enginetest

import (
	"strings"

	mm "github.com/microsoft-master/mm"
)

// cancelled returns a rule's test: cancelling the script stops it, and what it printed before is kept.
func cancelled(script string, options ...option) func(*probe) {
	return func(p *probe) {
		p.run(`$kept = 'still here'`)
		mark := p.mark()
		id := p.begin(`'before'; `+begun+`; `+script, options...)
		p.record(mark, id, mm.StreamWarning, "begun")
		p.engine.Cancel(id)
		r := p.result(id)
		if r.Terminated != mm.Stopped || !strings.HasPrefix(strings.TrimLeft(r.Output, "\n"), "before") {
			p.t.Errorf("ended %q with %.80q", r.Terminated, r.Output)
		}
		p.text(p.run(`$kept`), "still here")
	}
}

var cancelRules = []rule{
	{"a wait is stopped", cancelled(wait)},
	{"an endless loop is stopped", cancelled(loop)},
	{"a flood of output is stopped", cancelled(flood, maxChars(4096))},
	{"a live flood of output is stopped", cancelled(flood, maxChars(4096), live)},
	{"a native program is stopped", cancelled(native)},
	{"an unknown id stops nothing", func(p *probe) {
		id := p.running(wait)
		p.engine.Cancel("nobody")
		if !p.ping().Busy {
			p.t.Error("not busy any more")
		}
		p.engine.Cancel(id)
		p.result(id)
	}},
	{"a finished id stops nothing", func(p *probe) {
		first := p.begin(number)
		p.result(first)
		second := p.running(wait)
		p.engine.Cancel(first)
		if !p.ping().Busy {
			p.t.Error("not busy any more")
		}
		p.engine.Cancel(second)
		if r := p.result(second); r.Terminated != mm.Stopped {
			p.t.Errorf("ended %q", r.Terminated)
		}
	}},
	{"cancelling twice answers once", func(p *probe) {
		id := p.running(wait)
		p.engine.Cancel(id)
		p.engine.Cancel(id)
		p.result(id)
		p.ping()
		answers := 0
		for _, e := range p.all() {
			if c, ok := e.(mm.Completed); ok && c.ID == id {
				answers++
			}
		}
		if answers != 1 {
			p.t.Errorf("%d answers", answers)
		}
	}},
	{"a cancel right behind its command is not lost", func(p *probe) {
		for range 20 {
			id := p.begin(wait)
			p.engine.Cancel(id)
			if r := p.result(id); r.Terminated != mm.Stopped {
				p.t.Fatalf("ended %q with %+v", r.Terminated, r.Errors)
			}
		}
	}},
	{"killing the children frees a command that waits for them", func(p *probe) {
		p.run(`$kept = 'still here'`)
		mark := p.mark()
		id := p.running(parent, live)
		p.record(mark, id, mm.StreamOutput, "up")
		p.engine.KillChildren()
		if r := p.result(id); r.LastExit == nil || *r.LastExit == 0 {
			p.t.Errorf("last exit code %v", r.LastExit)
		}
		p.text(p.run(`$kept`), "still here")
	}},
}

var refusalRules = []rule{
	{"a second command is refused while one runs, and the first goes on", func(p *probe) {
		id := p.running(wait)
		if code := p.refused(p.begin(number)); code != "busy" {
			p.t.Errorf("code %q", code)
		}
		call := mm.Call{ID: p.id(), Module: "Microsoft.PowerShell.Management", Command: "Get-Location"}
		p.engine.Call(call)
		if code := p.refused(call.ID); code != "busy" {
			p.t.Errorf("code %q of a call", code)
		}
		if !p.ping().Busy {
			p.t.Error("not busy any more")
		}
		p.engine.Cancel(id)
		if r := p.result(id); r.Terminated != mm.Stopped {
			p.t.Errorf("ended %q", r.Terminated)
		}
	}},
	{"pings are answered while a command runs, and say so", func(p *probe) {
		id := p.running(loop)
		if !p.ping().Busy {
			p.t.Error("not busy")
		}
		p.engine.Cancel(id)
		p.result(id)
		if p.ping().Busy {
			p.t.Error("busy after the result")
		}
	}},
}
