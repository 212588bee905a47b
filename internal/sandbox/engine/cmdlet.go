package engine

import (
	"errors"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A cmdlet is a command that the engine knows.
type cmdlet struct {
	name   string
	module string // ExchangeOnlineManagement
	kind   string // as mm.CommandFact has it: cmdlet, function, application
	// takes lists the parameters: Name takes a value, -Name is a switch, [Name] takes a value also without its name, in
	// this order. Name! and [Name]! must be given.
	takes string
	do    func(*run, args) error
	// signedIn is the session module whose sign-in the command needs; of is the one it belongs to, for the switchboard.
	of, signedIn mm.Module
}

// A formal is one parameter of a cmdlet.
type formal struct {
	name                         string
	isSwitch, positional, needed bool
}

// formals reads takes.
func (c *cmdlet) formals() []formal {
	var list []formal
	for word := range strings.FieldsSeq(c.takes) {
		f := formal{positional: word[0] == '[', isSwitch: word[0] == '-'}
		word, f.needed = strings.CutSuffix(word, "!")
		f.name = strings.Trim(word, "[]-")
		list = append(list, f)
	}
	return list
}

// common are the parameters that every cmdlet has.
var common = &cmdlet{takes: "ErrorAction WarningAction InformationAction ProgressAction ErrorVariable WarningVariable OutVariable " +
	"-Verbose -Debug -Confirm -WhatIf"}

var commonFormals = sync.OnceValue(common.formals)

// cmdlets returns every command by its lower name.
var cmdlets = sync.OnceValue(func() map[string]*cmdlet {
	all := map[string]*cmdlet{}
	for _, group := range [][]cmdlet{languageCommands(), nativeCommands(), exchangeCommands(), sharePointCommands(), azureCommands(),
		teamsCommands()} {
		for i := range group {
			all[strings.ToLower(group[i].name)] = &group[i]
		}
	}
	return all
})

// args are a command's values by parameter name; a switch is a bool.
type args struct {
	cmd    *cmdlet
	values map[string]any
	input  []any // what was piped in
}

func (a args) given(name string) bool   { _, ok := a.values[name]; return ok }
func (a args) text(name string) string  { return textOf(a.values[name]) }
func (a args) isSet(name string) bool   { v, ok := a.values[name].(bool); return ok && v }
func (a args) number(name string) int64 { return wholeOf(a.values[name]) }

// texts returns a parameter that takes several texts.
func (a args) texts(name string) []string {
	switch v := a.values[name].(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, textOf(x))
		}
		return out
	default:
		return []string{textOf(v)}
	}
}

func wholeOf(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

// find returns the parameter of that name, which may be abbreviated as long as it is clear.
func find(formals []formal, name string) (found formal, ok bool) {
	for _, f := range formals {
		if strings.EqualFold(f.name, name) {
			return f, true
		}
		if len(f.name) > len(name) && strings.EqualFold(f.name[:len(name)], name) {
			if ok {
				return formal{}, false
			}
			found, ok = f, true
		}
	}
	return found, ok
}

// A given parameter is bound by name, or by its position where it has none.
type given struct {
	name  string
	value any
	bare  bool // without a value: a switch
}

// bind gives the values to the parameters that they are for.
func (c *cmdlet) bind(named []given, positional []any) (args, error) {
	a := args{cmd: c, values: map[string]any{}}
	own := c.formals()
	for _, g := range named {
		f, ok := find(own, g.name)
		if !ok {
			f, ok = find(commonFormals(), g.name)
		}
		if !ok {
			return a, c.unbound("NamedParameterNotFound", "A parameter cannot be found that matches parameter name '"+g.name+"'.", g.name)
		}
		switch {
		case g.bare && f.isSwitch:
			a.values[f.name] = true
		case g.bare:
			return a, c.unbound("MissingArgument", "Missing an argument for parameter '"+f.name+"'.", f.name)
		case f.isSwitch:
			if b, ok := g.value.(bool); ok {
				a.values[f.name] = b
			} else { // -Switch value: the value stands for itself
				a.values[f.name] = true
				positional = append(positional, g.value)
			}
		default:
			a.values[f.name] = g.value
		}
	}
	for _, v := range positional {
		i := 0
		for i < len(own) && (!own[i].positional || a.given(own[i].name)) {
			i++
		}
		if i == len(own) {
			return a, c.unbound("PositionalParameterNotFound",
				"A positional parameter cannot be found that accepts argument '"+textOf(v)+"'.", textOf(v))
		}
		a.values[own[i].name] = v
	}
	for _, f := range own {
		if f.needed && !a.given(f.name) {
			return a, c.unbound("MissingMandatoryParameter",
				"Cannot process command because of one or more missing mandatory parameters: "+f.name+".", "")
		}
	}
	return a, nil
}

// unbound is the error of a command whose parameters do not fit; it did not run.
func (c *cmdlet) unbound(id, message, target string) error {
	f := fail(message, c.errorID(id), "InvalidArgument", "")
	f.Type, f.Target = "System.Management.Automation.ParameterBindingException", target
	return f
}

// errorID adds to an id who reports it, as PowerShell does.
func (c *cmdlet) errorID(id string) string {
	if c.kind == "cmdlet" && strings.HasPrefix(c.module, "Microsoft.PowerShell.") {
		return id + ",Microsoft.PowerShell.Commands." + strings.ReplaceAll(c.name, "-", "") + "Command"
	}
	return id + "," + c.name
}

// perform runs a command with its values: the sandbox's faults first, then its sign-in, then itself. A failure that it ends
// with is given the command's name and place, and made terminating or silent as its ErrorAction says.
func (c *cmdlet) perform(r *run, a args, at place) error {
	err := r.fault(c)
	if err == nil && c.signedIn != "" {
		err = r.needAccount(c)
	}
	if err == nil {
		err = c.do(r, a)
	}
	var f failure
	if !errors.As(err, &f) {
		return err
	}
	if f.origin == "" {
		f.origin = c.name
	}
	if f.Line == 0 && !isWriteError(c) {
		f.Line, f.Column = at.line, at.column
	}
	switch strings.ToLower(a.text("ErrorAction")) {
	case "stop":
		f.Terminating = true
	case "silentlycontinue", "ignore":
		if !f.Terminating {
			return nil
		}
	}
	return f
}

// isWriteError reports whether the command's records have no place of their own, as Write-Error's have not.
func isWriteError(c *cmdlet) bool { return c.name == "Write-Error" }
