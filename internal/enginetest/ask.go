package enginetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// An option says what a test wants besides text.
type option func(*mm.Invocation)

func format(f mm.Format) option { return func(i *mm.Invocation) { i.Want.Format = f } }
func maxItems(n int) option     { return func(i *mm.Invocation) { i.Want.MaxItems = n } }
func maxChars(n int) option     { return func(i *mm.Invocation) { i.Want.MaxChars = n } }
func live(i *mm.Invocation)     { i.Live = true }

// begin starts a script and returns its id.
func (p *probe) begin(script string, options ...option) string {
	in := mm.Invocation{ID: p.id(), Script: script}
	for _, o := range options {
		o(&in)
	}
	in.Want = in.Want.WithDefaults()
	p.engine.Invoke(in)
	return in.ID
}

// running starts a script and returns when it runs.
func (p *probe) running(script string, options ...option) string {
	p.t.Helper()
	mark := p.mark()
	id := p.begin(begun+"; "+script, options...)
	p.record(mark, id, mm.StreamWarning, "begun")
	return id
}

// record waits for a stream record of a command, in vain once that has ended.
func (p *probe) record(mark int, id string, stream mm.Stream, text string) {
	p.t.Helper()
	e := p.await(mark, fmt.Sprintf("%s record %q", stream, text), func(e mm.EngineEvent) bool {
		s, ok := e.(mm.Streamed)
		if !ok || s.ID != id {
			return answers(e, id)
		}
		return slices.ContainsFunc(s.Records, func(r mm.Record) bool {
			return r.Stream == stream && strings.TrimRight(r.Text, "\r\n") == text
		})
	})
	if answers(e, id) {
		p.t.Fatalf("no %s record %q, but %+v", stream, text, e)
	}
}

// answers reports whether e is the end of the command of that id.
func answers(e mm.EngineEvent, id string) bool {
	switch e := e.(type) {
	case mm.Completed:
		return e.ID == id
	case mm.Refused:
		return e.ID == id
	}
	return false
}

// result waits for the end of a command.
func (p *probe) result(id string) mm.Result {
	p.t.Helper()
	e := p.await(0, "result of "+id, func(e mm.EngineEvent) bool { return answers(e, id) })
	c, ok := e.(mm.Completed)
	if !ok {
		p.t.Fatalf("refused: %+v", e)
	}
	return c.Result
}

// run runs a script to its end.
func (p *probe) run(script string, options ...option) mm.Result {
	p.t.Helper()
	return p.result(p.begin(script, options...))
}

// call runs a command of a module to its end.
func (p *probe) call(c mm.Call) mm.Result {
	p.t.Helper()
	c.ID = p.id()
	p.engine.Call(c)
	return p.result(c.ID)
}

// analyze returns what the engine's parser says of a script.
func (p *probe) analyze(script string) mm.Facts {
	p.t.Helper()
	id := p.id()
	p.engine.Analyze(id, script)
	e := p.await(0, "analysis", func(e mm.EngineEvent) bool {
		a, ok := e.(mm.Analyzed)
		return ok && a.ID == id
	})
	return e.(mm.Analyzed).Facts
}

// refused waits for the refusal of id and returns its code.
func (p *probe) refused(id string) string {
	p.t.Helper()
	e := p.await(0, "refusal of "+id, func(e mm.EngineEvent) bool { return answers(e, id) })
	r, ok := e.(mm.Refused)
	if !ok {
		p.t.Fatalf("not refused: %+v", e)
	}
	return r.Code
}

// text fails the test unless a result ran through with that output; the newline at the end does not count.
func (p *probe) text(r mm.Result, want string) {
	p.t.Helper()
	if got := strings.Trim(r.Output, "\r\n"); got != want || r.Terminated != mm.RanThrough || len(r.Errors) > 0 {
		p.t.Errorf("got %.200q, ended %q, errors %+v; want %q", got, r.Terminated, r.Errors, want)
	}
}

// objects returns a result's objects.
func (p *probe) objects(r mm.Result) []any {
	p.t.Helper()
	var list []any
	if err := json.Unmarshal(r.Objects, &list); err != nil {
		p.t.Fatalf("objects %.200s: %v (errors %+v)", r.Objects, err, r.Errors)
	}
	return list
}
