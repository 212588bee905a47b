package enginetest

import (
	"reflect"

	mm "github.com/microsoft-master/mm"
)

// Modules that every PowerShell has.
const (
	management = "Microsoft.PowerShell.Management"
	utility    = "Microsoft.PowerShell.Utility"
)

var callRules = []rule{
	{"a module's command gives the selected properties, nested ones by their path", func(p *probe) {
		p.run(`Set-Location /usr`)
		r := p.call(mm.Call{Module: management, Command: "Get-Location", Select: []string{"Path", "Provider.Name"}})
		want := []any{map[string]any{"Path": "/usr", "Provider.Name": "FileSystem"}}
		if got := p.objects(r); !reflect.DeepEqual(got, want) {
			p.t.Errorf("objects %v, want %v", got, want)
		}
	}},
	{"parameters and secrets are bound, and streams come live", func(p *probe) {
		for _, c := range []mm.Call{
			{Parameters: map[string]any{"Message": "-Not a parameter; $x"}},
			{Secrets: map[string]mm.Secret{"Message": mm.NewSecret("-Not a parameter; $x")}},
		} {
			c.ID, c.Module, c.Command = p.id(), utility, "Write-Warning"
			mark := p.mark()
			p.engine.Call(c)
			p.result(c.ID)
			p.record(mark, c.ID, mm.StreamWarning, "-Not a parameter; $x")
		}
	}},
	{"a list of secrets is bound as a list", func(p *probe) {
		r := p.call(mm.Call{Module: utility, Command: "Write-Output",
			SecretLists: map[string][]mm.Secret{"InputObject": {mm.NewSecret("one"), mm.NewSecret("two")}}})
		if got := p.objects(r); !reflect.DeepEqual(got, []any{"one", "two"}) {
			p.t.Errorf("objects %v", got)
		}
	}},
	{"a user's function of that name is not called", func(p *probe) {
		p.run(`function Get-Location { 'forged' }`)
		r := p.call(mm.Call{Module: management, Command: "Get-Location", Select: []string{"Path"}})
		if got := p.objects(r); !reflect.DeepEqual(got, []any{map[string]any{"Path": "/usr"}}) {
			p.t.Errorf("objects %v", got)
		}
	}},
	{"the user's $LastResult is left alone", func(p *probe) {
		p.run(`'mine'`)
		p.call(mm.Call{Module: management, Command: "Get-Location"})
		p.text(p.run(`$LastResult`), "mine")
	}},
	{"a module that is not there is an error record", func(p *probe) {
		p.failed(mm.Call{Module: "No.SuchModule", Command: "Get-Location"}, "ModuleNotFound")
	}},
	{"a command that the module does not have is an error record", func(p *probe) {
		p.failed(mm.Call{Module: management, Command: "Write-Warning"}, "CommandNotInModule")
	}},
	{"a parameter that the command does not have is an error record", func(p *probe) {
		p.failed(mm.Call{Module: utility, Command: "Write-Warning", Parameters: map[string]any{"NoSuch": 1}},
			"NamedParameterNotFound,Microsoft.PowerShell.Commands.WriteWarningCommand")
	}},
}

// failed fails the test unless the call ends with an error record of that id.
func (p *probe) failed(c mm.Call, id string) {
	p.t.Helper()
	r := p.call(c)
	if len(r.Errors) == 0 || r.Errors[len(r.Errors)-1].FullyQualifiedErrorID != id {
		p.t.Errorf("ended %q with %+v; want %s", r.Terminated, r.Errors, id)
	}
}
