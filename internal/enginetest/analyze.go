package enginetest

import (
	"reflect"

	mm "github.com/microsoft-master/mm"
)

var analyzeRules = []rule{
	{"a command is resolved, with its place, parameters and arguments", func(p *probe) {
		f := p.analyze("1; Write-Progress -Activity 'Copying' -PercentComplete 50\nWrite-Warning 'w'")
		want := []mm.CommandFact{
			{Name: "Write-Progress", Resolved: "Write-Progress", Kind: "cmdlet", Module: "Microsoft.PowerShell.Utility",
				Parameters: []mm.ParameterFact{
					{Name: "Activity", Argument: mm.ArgumentFact{Text: "Copying"}},
					{Name: "PercentComplete", Argument: mm.ArgumentFact{Text: "50"}},
				}, Line: 1, Column: 4},
			{Name: "Write-Warning", Resolved: "Write-Warning", Kind: "cmdlet", Module: "Microsoft.PowerShell.Utility",
				Arguments: []mm.ArgumentFact{{Text: "w"}}, Line: 2, Column: 1},
		}
		if !reflect.DeepEqual(f.Commands, want) {
			p.t.Errorf("commands %+v\nwant     %+v", f.Commands, want)
		}
		if len(f.ParseErrors) > 0 || len(f.Dynamic) > 0 || f.TooComplex != "" {
			p.t.Errorf("facts %+v", f)
		}
	}},
	{"nothing of an analysed script runs", func(p *probe) {
		p.run(`$kept = 'old'`)
		p.analyze(`$kept = 'new'`)
		p.text(p.run(`$kept`), "old")
	}},
	{"a command that nobody knows is unknown", func(p *probe) {
		f := p.analyze(`No-SuchCommand`)
		if len(f.Commands) != 1 || f.Commands[0].Kind != "unknown" || f.Commands[0].Resolved != "" {
			p.t.Errorf("commands %+v", f.Commands)
		}
	}},
	{"a function of the session is known, and one that a script defines is reported", func(p *probe) {
		p.run(`function Get-Mine { 1 }`)
		f := p.analyze(`Get-Mine; function Get-Other { 2 }`)
		if len(f.Commands) == 0 || f.Commands[0].Kind != "function" || f.Commands[0].Resolved != "Get-Mine" {
			p.t.Errorf("commands %+v", f.Commands)
		}
		if want := []string{"function:Get-Other"}; !reflect.DeepEqual(f.Assigns, want) {
			p.t.Errorf("assigns %q", f.Assigns)
		}
	}},
	{"commands in blocks are found, and variables as arguments are dynamic", func(p *probe) {
		f := p.analyze(`while ($true) { Start-Sleep $x }`)
		if len(f.Commands) != 1 || f.Commands[0].Resolved != "Start-Sleep" {
			p.t.Fatalf("commands %+v", f.Commands)
		}
		if want := []mm.ArgumentFact{{Dynamic: true}}; !reflect.DeepEqual(f.Commands[0].Arguments, want) {
			p.t.Errorf("arguments %+v", f.Commands[0].Arguments)
		}
	}},
	{"what cannot be parsed is said, with its place", func(p *probe) {
		f := p.analyze("1\n  " + unclosed)
		if len(f.ParseErrors) == 0 {
			p.t.Fatalf("facts %+v", f)
		}
		got := f.ParseErrors[0]
		if got.ID != "TerminatorExpectedAtEndOfString" || got.Line != 2 || got.Column != 3 || got.Message == "" {
			p.t.Errorf("issue %+v", got)
		}
	}},
	{"a script is analysed while another runs", func(p *probe) {
		id := p.running(wait)
		if f := p.analyze(`Start-Sleep 1`); len(f.Commands) != 1 || f.Commands[0].Name != "Start-Sleep" {
			p.t.Errorf("facts %+v", f)
		}
		p.engine.Cancel(id)
		p.result(id)
	}},
}
