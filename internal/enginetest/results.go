package enginetest

import (
	"reflect"
	"strings"

	mm "github.com/microsoft-master/mm"
)

var resultRules = []rule{
	{"texts and numbers are printed one per line", func(p *probe) {
		p.text(p.run(`'hello'; 42; 'it''s'`), "hello\n42\nit's")
	}},
	{"a command without output has none", func(p *probe) {
		r := p.run(nothing, format(mm.FormatBoth))
		p.text(r, "")
		if got := p.objects(r); len(got) != 0 {
			p.t.Errorf("objects: %v", got)
		}
	}},
	{"an object is printed as a table", func(p *probe) {
		p.text(p.run(anObject), "Name Count\n---- -----\na        2")
	}},
	{"objects come as JSON where they are asked for", func(p *probe) {
		r := p.run(anObject+`; 'a'; 7`, format(mm.FormatBoth))
		want := []any{map[string]any{"Name": "a", "Count": 2.0}, "a", 7.0}
		if got := p.objects(r); !reflect.DeepEqual(got, want) {
			p.t.Errorf("objects: %v, want %v", got, want)
		}
		if !strings.Contains(r.Output, "Name Count") {
			p.t.Errorf("text: %q", r.Output)
		}
	}},
	{"format json gives objects and no rendered output, format text the reverse", func(p *probe) {
		if r := p.run(`'a'`, format(mm.FormatJSON)); r.Output != "" || len(p.objects(r)) != 1 {
			p.t.Errorf("json: text %q, objects %s", r.Output, r.Objects)
		}
		if r := p.run(`'a'`); r.Objects != nil {
			p.t.Errorf("text: objects %s", r.Objects)
		}
	}},
	{"characters of every plane survive", func(p *probe) {
		p.text(p.run(`'ü€𝄞 日本'`), "ü€𝄞 日本")
	}},
	{"an error record does not end the script, and ends the text", func(p *probe) {
		r := p.run(`Write-Error 'bad'; 'after'`)
		p.errors(r, mm.RanThrough, mm.ErrorRecord{
			Message: "bad", Type: "Microsoft.PowerShell.Commands.WriteErrorException",
			FullyQualifiedErrorID: "Microsoft.PowerShell.Commands.WriteErrorException", Category: "NotSpecified",
		})
		if after, bad := strings.Index(r.Output, "after"), strings.Index(r.Output, "bad"); after < 0 || bad < after {
			p.t.Errorf("output %q", r.Output)
		}
		if !r.HadErrors {
			p.t.Error("had no errors")
		}
	}},
	{"an unknown command is an error record with its place, and the script goes on", func(p *probe) {
		r := p.run(`'before'; No-SuchCommand; 'after'`)
		p.errors(r, mm.RanThrough, mm.ErrorRecord{
			Message: "The term 'No-SuchCommand' is not recognized",
			Type:    "System.Management.Automation.CommandNotFoundException", FullyQualifiedErrorID: "CommandNotFoundException",
			Category: "ObjectNotFound", Target: "No-SuchCommand", Line: 1, Column: 11,
		})
		if !strings.HasPrefix(strings.TrimLeft(r.Output, "\n"), "before\nafter\n") {
			p.t.Errorf("output %q", r.Output)
		}
	}},
	{"throw ends the script, and what came before is kept", func(p *probe) {
		r := p.run(`'before'; throw 'broken'; 'after'`, format(mm.FormatBoth))
		p.errors(r, mm.Threw, mm.ErrorRecord{
			Message: "broken", Type: "System.Management.Automation.RuntimeException", FullyQualifiedErrorID: "broken",
			Category: "OperationStopped", Target: "broken", Line: 1, Column: 11, Terminating: true,
		})
		if !strings.HasPrefix(strings.TrimLeft(r.Output, "\n"), "before\n") || strings.Contains(r.Output, "after") {
			p.t.Errorf("output %q", r.Output)
		}
		if got := p.objects(r); len(got) != 1 {
			p.t.Errorf("objects %v", got)
		}
	}},
	{"what cannot be parsed does not run", func(p *probe) {
		r := p.run(`'ran'; ` + unclosed)
		if r.Terminated != mm.ParseError || len(r.Errors) == 0 || strings.HasPrefix(r.Output, "ran") {
			p.t.Errorf("ended %q, errors %+v, output %q", r.Terminated, r.Errors, r.Output)
		}
	}},
	{"exit N ends the script and not the session, and is reported", func(p *probe) {
		r := p.run(`'before'; exit 3; 'after'`)
		p.text(r, "before")
		if r.ExitCode == nil || *r.ExitCode != 3 {
			p.t.Errorf("exit code %v", r.ExitCode)
		}
		if r := p.run(number); r.ExitCode != nil {
			p.t.Errorf("the next command has exit code %d", *r.ExitCode)
		}
	}},
	{"a native program's exit code is reported", func(p *probe) {
		r := p.run(`sh -c 'exit 7'; 'after'`)
		p.text(r, "after")
		if r.LastExit == nil || *r.LastExit != 7 {
			p.t.Errorf("last exit code %v", r.LastExit)
		}
	}},
	{"a result says how long it took", func(p *probe) {
		if r := p.run(number); r.Duration <= 0 {
			p.t.Errorf("duration %v", r.Duration)
		}
	}},
}

// errors fails the test unless the result ended as said with just this record; its message only has to begin alike.
func (p *probe) errors(r mm.Result, ended mm.Termination, want mm.ErrorRecord) {
	p.t.Helper()
	if r.Terminated != ended || len(r.Errors) != 1 {
		p.t.Fatalf("ended %q with %+v; want %q with one record", r.Terminated, r.Errors, ended)
	}
	got := r.Errors[0]
	if !strings.HasPrefix(got.Message, want.Message) {
		p.t.Errorf("message %q, want %q", got.Message, want.Message)
	}
	got.Message = want.Message
	if got != want {
		p.t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
