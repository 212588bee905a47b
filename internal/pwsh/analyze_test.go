//go:build linux

package pwsh_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

func TestAnalyzeSaysWhatAGuardWantsToKnow(t *testing.T) {
	s := newSession(t)
	s.run(t, "Get-Date | Out-Null; function Send-It { param($To, [switch] $Now) }; Set-Alias post Send-It; Set-Alias far No-SuchCommand")
	text := func(s string) mm.ArgumentFact { return mm.ArgumentFact{Text: s} }
	dynamic := mm.ArgumentFact{Dynamic: true}
	for script, want := range map[string]mm.Facts{
		"": {},
		"iex $x": {Dynamic: []string{"Invoke-Expression"}, Commands: []mm.CommandFact{{Name: "iex", Resolved: "Invoke-Expression",
			Kind: "alias", Module: "Microsoft.PowerShell.Utility", Arguments: []mm.ArgumentFact{dynamic}, Line: 1, Column: 1}}},
		"post -To 'a','b' -Now x": {Commands: []mm.CommandFact{{Name: "post", Resolved: "Send-It", Kind: "alias",
			Parameters: []mm.ParameterFact{{Name: "To", Argument: text("a,b")}, {Name: "Now"}},
			Arguments:  []mm.ArgumentFact{text("x")}, Line: 1, Column: 1}}},
		"far": {Commands: []mm.CommandFact{{Name: "far", Resolved: "No-SuchCommand", Kind: "alias", Line: 1, Column: 1}}},
		"Send-It -N:$true \"a\" \"b$c\" (-1) @(1; 2) $null (Get-It) @{a=1}": {Commands: []mm.CommandFact{
			{Name: "Send-It", Resolved: "Send-It", Kind: "function", Parameters: []mm.ParameterFact{{Name: "N", Argument: text("$true")}},
				Arguments: []mm.ArgumentFact{text("a"), dynamic, text("-1"), text("1,2"), text("$null"), dynamic, dynamic}, Line: 1, Column: 1},
			{Name: "Get-It", Kind: "unknown", Line: 1, Column: 48}}},
		"& 'Send-It' @p; . { Send-It }": {Dynamic: []string{"splat @p"}, Commands: []mm.CommandFact{
			{Name: "Send-It", Resolved: "Send-It", Kind: "function", Splatted: true, Line: 1, Column: 3},
			{Name: "Send-It", Resolved: "Send-It", Kind: "function", Line: 1, Column: 21}}},
		"Send\u2013It \u2014To x": {Commands: []mm.CommandFact{{Name: "Send-It", Resolved: "Send-It", Kind: "function",
			Parameters: []mm.ParameterFact{{Name: "To", Argument: text("x")}}, Line: 1, Column: 1}}},
		"Microsoft.PowerShell.Utility\\Get-Date": {Commands: []mm.CommandFact{{Name: "Microsoft.PowerShell.Utility\\Get-Date",
			Resolved: "Get-Date", Kind: "cmdlet", Module: "Microsoft.PowerShell.Utility", Line: 1, Column: 1}}},
		"& $x; . \"$y.ps1\"": {Dynamic: []string{"& $x", ". \"$y.ps1\""}},
		"[scriptblock]::Create($x).Invoke(); $o.$m()": {Dynamic: []string{".Invoke(", "[scriptblock]::Create", ".$m("},
			Types: []string{"scriptblock"}, Members: []string{"Invoke", "Create"}},
		"function global:Get-Date { }; $function:b = {}; ${alias:c} = 'd'; Set-Alias e f": {
			Assigns: []string{"function:Get-Date", "function:b", "alias:c", "alias:e"},
			Commands: []mm.CommandFact{{Name: "Set-Alias", Resolved: "Set-Alias", Kind: "cmdlet", Module: "Microsoft.PowerShell.Utility",
				Arguments: []mm.ArgumentFact{text("e"), text("f")}, Line: 1, Column: 67}}},
		"[int] $n = [math]::Abs(1) > /tmp/x": {Types: []string{"int", "math"}, Members: []string{"Abs"}, Redirects: []string{"/tmp/x"}},
		"sh -c 'x'": {Commands: []mm.CommandFact{{Name: "sh", Resolved: "sh", Kind: "application",
			Parameters: []mm.ParameterFact{{Name: "c", Argument: text("x")}}, Line: 1, Column: 1}}},
		"pwsh -enc AAAA": {Dynamic: []string{"-EncodedCommand"}, Commands: []mm.CommandFact{{Name: "pwsh", Resolved: "pwsh",
			Kind: "application", Parameters: []mm.ParameterFact{{Name: "enc", Argument: text("AAAA")}}, Line: 1, Column: 1}}},
		"\uFEFF1 +": {ParseErrors: []mm.ParseIssue{{Message: "You must provide a value expression following the '+' operator.",
			ID: "ExpectedValueExpression", Line: 1, Column: 4}}},
	} {
		if d := cmp.Diff(want, s.analyze(t, script)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", script, d)
		}
	}
}

func TestAnalyzeKnowsBuiltInCommandsOfModulesThatAreNotLoadedAndLoadsNone(t *testing.T) {
	s := newSession(t)
	f := s.analyze(t, "Invoke-WebRequest -Uri a; measure")
	if len(f.Commands) != 2 || f.Commands[0].Module != "Microsoft.PowerShell.Utility" || f.Commands[1].Resolved != "Measure-Object" {
		t.Errorf("facts %+v", f)
	}
	if r := s.run(t, "(Get-Module).Count"); r.Output != "0\n" {
		t.Errorf("modules: %s", r.Output)
	}
}

func TestAnalyzeIsBounded(t *testing.T) {
	for name, script := range map[string]string{
		"too long":           strings.Repeat("#", mm.MaxScript+1),
		"too many commands":  strings.Repeat("a;", 5000),
		"too many parts":     strings.Repeat("1;", 30000),
		"nested too deeply":  strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000),
		"a chain of members": "$a" + strings.Repeat(".b", 30000),
		"a bomb of CPU time": strings.Repeat("\"$(", 15000),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			if f := s.analyze(t, script); f.TooComplex == "" && len(f.ParseErrors) == 0 || len(f.Commands) > 2000 {
				t.Errorf("%d commands, too complex %q", len(f.Commands), f.TooComplex)
			}
			s.ping(t)
			if r := s.run(t, "1"); r.Output != "1\n" {
				t.Errorf("the next command: %q", r.Output)
			}
		})
	}
}

func TestWhatACommandDefinedIsKnownRightAfterItsAnswer(t *testing.T) {
	s := newSession(t)
	for i := range 300 {
		s.run(t, fmt.Sprintf("Set-Alias defined%d Connect-AzAccount", i))
		facts := s.analyze(t, fmt.Sprintf("defined%d", i))
		if len(facts.Commands) != 1 || facts.Commands[0].Resolved != "Connect-AzAccount" {
			t.Fatalf("after %d commands: %+v", i, facts)
		}
	}
}
