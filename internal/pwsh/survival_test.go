//go:build linux

package pwsh_test

import (
	"reflect"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// TestWhateverACommandDoesTheNextOneGetsItsOwnAnswer runs hostile scripts in one session. After each, a table with an error
// behind it must be rendered as ever.
func TestWhateverACommandDoesTheNextOneGetsItsOwnAnswer(t *testing.T) {
	s := newSession(t)
	const probe = "[pscustomobject]@{Name='a';Count=2}; [Console]::Error.WriteLine('c'); 1/0"
	const want = "\nName Count\n---- -----\na        2\n\nRuntimeException: Attempted to divide by zero.\n"
	for _, script := range []string{
		"break", "continue", "exit 7", "throw 'x'", "if (", "return 1",
		"Remove-Variable * -Force -ErrorAction SilentlyContinue",
		"Remove-Item function:* -Force -ErrorAction SilentlyContinue",
		"Remove-Item alias:* -Force -ErrorAction SilentlyContinue",
		"$env:PATH = ''; $env:HOME = ''; $env:TERM = 'xterm'",
		"[Console]::SetOut([IO.StringWriter]::new()); [Console]::SetError([Console]::Error)",
		"[Console]::OutputEncoding = [Text.Encoding]::Unicode; [Console]::OutputEncoding = [Text.UTF8Encoding]::new($false)",
		"Set-PSDebug -Trace 2", "Set-PSDebug -Step", "Set-PSDebug -Off",
		"Set-PSBreakpoint -Command Get-Date -ErrorAction SilentlyContinue; Get-Date | Out-Null",
		"Set-PSBreakpoint -Variable probe; $probe = 1; $probe",
		"Set-StrictMode -Version Latest", "Set-StrictMode -Off",
		"$ErrorView = 'DetailedView'", "$FormatEnumerationLimit = 0", "$OutputEncoding = $null",
		"$PSStyle.OutputRendering = 'Ansi'",
		"function Out-String { 'forged' }; function Out-Default { 'forged' }; function Write-Error { 'forged' }",
		"function Set-StrictMode { 'forged' }; function ForEach-Object { 'forged' }; function Get-Module { 'forged' }",
		"Set-Alias Out-String Get-Date; Set-Alias Receive-Output Get-Date",
		"$PSDefaultParameterValues['Out-String:Width'] = 10; $PSDefaultParameterValues['*:OutVariable'] = 'stolen'",
		"Set-Variable LastResult 5 -Option ReadOnly -Force", "Set-Variable LASTEXITCODE 5 -Option Constant",
		"[runspace]::DefaultRunspace = $null",
		"[Threading.Thread]::CurrentThread.CurrentCulture = [cultureinfo]::InvariantCulture",
		"$Host.SetShouldExit(3)", "$Host.EnterNestedPrompt()", "$Host.UI.RawUI.WindowSize = [Management.Automation.Host.Size]::new(5, 5)",
		"Get-Runspace | Out-Null; [GC]::Collect()",
		"Start-ThreadJob { Start-Sleep 300 } -ErrorAction SilentlyContinue; $null = [powershell]::Create().AddScript('Start-Sleep 300').BeginInvoke()",
		"Register-EngineEvent -SourceIdentifier tick -Action { 'event' } | Out-Null; New-Event tick | Out-Null",
		"$ExecutionContext.InvokeCommand.PreCommandLookupAction = { throw 'x' }; $ExecutionContext.InvokeCommand.PreCommandLookupAction = $null",
		"$Error.Clear(); $Error.Capacity = 0", "Set-Location /proc/self", "New-Module m { function x { 1 } } | Import-Module",
		"\uFEFF'bom'", "'\x00'", "[char]0xD800", "Update-TypeData -TypeName System.String -MemberName Length2 -MemberType ScriptProperty -Value { throw 1 }",
		"trap { break } throw 'x'", "try { exit 3 } finally { 'finally' }", "throw [Management.Automation.PipelineStoppedException]::new()",
		"throw [StackOverflowException]::new()", "[Environment]::ExitCode = 9", "$null = New-Object 'object[]' 1000000",
		"function f { f }; f",
	} {
		if r := s.run(t, script); r.Poisoned != "" {
			t.Errorf("%s: poisoned: %s", script, r.Poisoned)
		}
		r := s.run(t, probe)
		if r.Output != want || len(r.Errors) != 1 || r.Terminated != mm.RanThrough || r.ExitCode != nil {
			t.Errorf("after %s: ended %q with %q, errors %+v", script, r.Terminated, r.Output, r.Errors)
		}
	}
}

func TestASessionThatMustNotBeUsedAgainSaysSo(t *testing.T) {
	for name, script := range map[string]string{
		"constrained language": "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'",
		"closed runspace":      "$Host.Runspace.CloseAsync(); [runspace]::DefaultRunspace.CloseAsync()",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			if r := s.run(t, script); r.Poisoned == "" {
				// It may take until the pipeline is over.
				if r := s.run(t, "1"); r.Poisoned == "" {
					t.Errorf("not poisoned: %+v", r)
				}
			}
		})
	}
}

func TestPromptsFailAtOnceAndSayThatNobodyCanAnswer(t *testing.T) {
	s := newSession(t)
	for _, script := range []string{
		"Read-Host 'Name'", "Read-Host -AsSecureString", "Get-Credential", "$Host.UI.ReadLine()", "$Host.UI.RawUI.ReadKey()",
		"$Host.UI.PromptForChoice('c', 'm', @('&Yes', '&No'), 0)",
		"New-Item /tmp/never -Confirm", "$PSCmdlet.ShouldContinue('a', 'b'); Read-Host",
	} {
		r := s.run(t, script+"; 'after'")
		if len(r.Errors) == 0 || !strings.Contains(r.Errors[len(r.Errors)-1].Message, "nobody can answer") {
			t.Errorf("%s: %+v", script, r.Errors)
		}
		if !strings.HasPrefix(r.Output, "after\n") {
			t.Errorf("%s: the script did not go on: %q", script, r.Output)
		}
	}
	r := s.run(t, "function f { param([Parameter(Mandatory)] $X) $X }; f")
	if len(r.Errors) != 1 || r.Errors[0].FullyQualifiedErrorID != "MissingMandatoryParameter,f" {
		t.Errorf("a mandatory parameter: %+v", r.Errors)
	}
	if r := s.run(t, "[Console]::ReadLine() -eq $null"); r.Output != "True\n" {
		t.Errorf("standard input: %q", r.Output)
	}
}

func TestAFloodOnTheConsoleIsKeptToItsBoundAndBlocksNobody(t *testing.T) {
	s := newSession(t)
	r := s.run(t, "$line = 'x' * 1000; foreach ($n in 1..5000) { [Console]::WriteLine($line) }; 'done'")
	var kept int
	for _, line := range r.Streams.Console {
		kept += len(line) + 1
	}
	if kept > 1<<20 || kept < 1<<19 || r.Truncated == nil || len(r.Streams.Console)+int(r.Truncated.DroppedRecords) != 5000 {
		t.Errorf("%d lines, %d bytes, truncated %+v", len(r.Streams.Console), kept, r.Truncated)
	}
	if r.Output != "done\n" {
		t.Errorf("output %q", r.Output)
	}
}

func TestBytesOnTheConsoleThatAreNoTextBecomeText(t *testing.T) {
	s := newSession(t)
	r := s.run(t, "[Console]::OpenStandardOutput().Write([byte[]](0xff, 0x41, 0, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x42, 13, 10))")
	if want := []string{"\uFFFDA\x00B"}; !reflect.DeepEqual(r.Streams.Console, want) {
		t.Errorf("console %q", r.Streams.Console)
	}
}

func TestAPromptWithoutALineEndIsShownLive(t *testing.T) {
	s := newSession(t)
	id := s.begin("[Console]::Write('enter the code'); Start-Sleep 300")
	s.await(t, "prompt", func(ev mm.EngineEvent) bool {
		r, ok := ev.(mm.Streamed)
		return ok && r.Records[0] == mm.Record{Stream: mm.StreamConsole, Text: "enter the code"}
	})
	s.Cancel(id)
	if r := s.result(t, id); !reflect.DeepEqual(r.Streams.Console, []string{"enter the code"}) {
		t.Errorf("console %q", r.Streams.Console)
	}
}

func TestFloodsOfRecordsAreBoundedAndCounted(t *testing.T) {
	s := newSession(t)
	r := s.run(t, "foreach ($n in 1..30000) { Write-Warning $n; Write-Progress a -Status $n }; foreach ($n in 1..2000) { Write-Error $n }; 'done'")
	if r.Truncated == nil || len(r.Streams.Warning)+len(r.Errors)+int(r.Truncated.DroppedRecords) != 32000 {
		t.Errorf("%d warnings, %d errors, truncated %+v", len(r.Streams.Warning), len(r.Errors), r.Truncated)
	}
	if !strings.HasPrefix(r.Output, "done\n") || !r.HadErrors {
		t.Errorf("output %.60q, had errors %v", r.Output, r.HadErrors)
	}
}
