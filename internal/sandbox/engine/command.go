package engine

import (
	"strings"
)

// lookup returns what a name stands for in the session: a function of the user's or a command.
func (r *host) lookup(name string) (body []node, c *cmdlet, known bool) {
	lower := strings.ToLower(name)
	if body, ok := r.function(lower); ok {
		return body, nil, true
	}
	c, known = cmdlets()[lower]
	return nil, c, known
}

func (c command) run(r *run) error { return r.command(c, nil) }

// maxCalls bounds functions that call functions.
const maxCalls = 100

// command runs one command of a script; input is what was piped into it.
func (r *run) command(c command, input []any) error {
	body, cmd, known := r.lookup(c.name)
	switch {
	case !known:
		return notRecognized(c.name, c.place)
	case cmd == nil:
		if r.depth++; r.depth > maxCalls {
			f := fail("The script failed due to call depth overflow.", "CallDepthOverflow", "InvalidOperation", c.name)
			f.Terminating = true
			return f
		}
		defer func() { r.depth-- }()
		return r.block(body)
	}
	var named []given
	for _, p := range c.parameters {
		g := given{name: p.name, bare: p.what == nil}
		if p.what != nil {
			g.value = p.what.value(r)
		}
		named = append(named, g)
	}
	var positional []any
	for _, x := range c.arguments {
		positional = append(positional, x.value(r))
	}
	a, err := cmd.bind(named, positional)
	if err != nil {
		f := err.(failure)
		f.origin, f.Line, f.Column = cmd.name, c.place.line, c.place.column
		return f
	}
	a.input = input
	return cmd.perform(r, a, c.place)
}

// notRecognized is what PowerShell answers to a command that it does not know, and says who answers here.
func notRecognized(name string, at place) error {
	f := fail("The term '"+name+"' is not recognized as a name of a cmdlet, function, script file, or executable program.\n"+
		"Check the spelling of the name, or if a path was included, verify that the path is correct and try again.\n"+standIn,
		"CommandNotFoundException", "ObjectNotFound", name)
	f.Type, f.origin = "System.Management.Automation.CommandNotFoundException", name
	f.Line, f.Column = at.line, at.column
	return f
}

func (p pipeline) run(r *run) error {
	input, err := r.collect(p.stages[0])
	for i, stage := range p.stages[1:] {
		if err != nil {
			return err
		}
		if i+2 == len(p.stages) {
			return r.command(stage, input)
		}
		input, err = r.collect(piped{stage, input})
	}
	return err
}

// piped is a stage in the middle of a pipeline.
type piped struct {
	command
	input []any
}

func (p piped) run(r *run) error { return r.command(p.command, p.input) }
