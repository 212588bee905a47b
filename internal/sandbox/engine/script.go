package engine

import (
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// unparsed is the end of a script that never began.
type unparsed struct{ failure }

// script runs a user's script.
func (r *run) script(text string) error {
	body, issue := parse(text)
	if issue != nil {
		f := fail(issue.Message, issue.ID, "ParserError", "")
		f.Type, f.origin = "System.Management.Automation.ParseException", "ParserError"
		f.Line, f.Column, f.Terminating = issue.Line, issue.Column, true
		return unparsed{f}
	}
	return r.block(body)
}

// call runs one command of a module, whatever the user's functions are called.
func (r *run) call(q frame.Request) error {
	c, known := cmdlets()[strings.ToLower(q.Command)]
	if !slices.Contains(modules(), q.Module) {
		return fail("The module '"+q.Module+"' is not installed. "+standIn, "ModuleNotFound", "ObjectNotFound", q.Module)
	}
	if !known || c.module != q.Module {
		return fail("The module '"+q.Module+"' has no command '"+q.Command+"'. "+standIn, "CommandNotInModule", "ObjectNotFound", q.Command)
	}
	var named []given
	for name, v := range q.Parameters {
		named = append(named, given{name: name, value: fromJSON(v)})
	}
	for name, v := range q.Secrets {
		named = append(named, given{name: name, value: fromJSON(v)})
	}
	a, err := c.bind(named, nil)
	if err != nil {
		return err
	}
	return c.perform(r, a, place{})
}

// modules lists the modules that there are commands of.
func modules() []string {
	var names []string
	for _, c := range cmdlets() {
		if c.module != "" && !slices.Contains(names, c.module) {
			names = append(names, c.module)
		}
	}
	return names
}

// fromJSON makes a value of what encoding/json decoded.
func fromJSON(v any) any {
	switch v := v.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fromJSON(v[i])
		}
		return out
	}
	return v
}

// analyze returns the facts of a script without running it.
func (h *host) analyze(text string) mm.Facts {
	body, issue := parse(text)
	if issue != nil {
		return mm.Facts{ParseErrors: []mm.ParseIssue{*issue}}
	}
	var f mm.Facts
	h.gather(&f, body)
	return f
}

// gather adds the facts of statements, in their order.
func (h *host) gather(f *mm.Facts, body []node) {
	for _, n := range body {
		switch n := n.(type) {
		case command:
			f.Commands = append(f.Commands, h.commandFact(n))
		case pipeline:
			for _, c := range n.stages {
				f.Commands = append(f.Commands, h.commandFact(c))
			}
		case assign:
			h.gather(f, []node{n.what})
		case define:
			f.Assigns = append(f.Assigns, "function:"+n.name)
			h.gather(f, n.body)
		case forever:
			h.gather(f, n.body)
		case static:
			name, member, _ := strings.Cut(n.member, "::")
			f.Types = append(f.Types, strings.Trim(name, "[]"))
			f.Members = append(f.Members, member)
		}
	}
}

func (h *host) commandFact(c command) mm.CommandFact {
	f := mm.CommandFact{Name: c.name, Kind: "unknown", Line: c.place.line, Column: c.place.column}
	if _, cmd, known := h.lookup(c.name); known && cmd != nil {
		f.Resolved, f.Kind, f.Module = cmd.name, cmd.kind, cmd.module
	} else if known {
		f.Resolved, f.Kind = c.name, "function"
	}
	for _, p := range c.parameters {
		pf := mm.ParameterFact{Name: p.name}
		if p.what != nil {
			pf.Argument = argumentFact(p.what)
		}
		f.Parameters = append(f.Parameters, pf)
	}
	for _, x := range c.arguments {
		f.Arguments = append(f.Arguments, argumentFact(x))
	}
	return f
}

// argumentFact returns an argument's text, the items of a list with commas between them.
func argumentFact(x expression) mm.ArgumentFact {
	switch x := x.(type) {
	case literal:
		return mm.ArgumentFact{Text: textOf(x.v)}
	case list:
		var texts []string
		for _, item := range x.items {
			f := argumentFact(item)
			if f.Dynamic {
				return f
			}
			texts = append(texts, f.Text)
		}
		return mm.ArgumentFact{Text: strings.Join(texts, ",")}
	}
	return mm.ArgumentFact{Dynamic: true}
}
