//go:build linux

package pwsh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// module is what the calls below go to: it has functions of its own, streams, and a secret.
const module = `
function Get-Own { 'own' }
function Connect-Thing {
	param([string] $Name, [string] $Token, [switch] $Fast, [int[]] $Numbers, [hashtable] $More)
	Write-Warning "use the code ABCD1234"
	Write-Verbose "token $Token" -Verbose:$false
	cmd-that-fails 2>$null
	sh -c 'exit 9'
	[pscustomobject]@{ Name = $Name; Length = $Token.Length; Fast = $Fast; Numbers = $Numbers; More = $More; Own = Get-Own
		Deep = @{ Er = [pscustomobject]@{ Value = 7 } } }
}
Export-ModuleMember Connect-Thing`

// withModule launches a session that finds the module Thing.
func withModule(t *testing.T) *session {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "Thing"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Thing/Thing.psm1"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLauncher(t)
	l.Env = func(mm.LaunchSpec) []string { return []string{"PSModulePath=" + dir} }
	return launch(t, l, exo)
}

// connect is the call that the tests make.
var connect = mm.Call{Module: "Thing", Command: "Connect-Thing",
	Parameters: map[string]any{"Name": "$(throw); 'x'", "Fast": true, "Numbers": []int{1, 2}, "More": map[string]any{"a": 1}},
	Secrets:    map[string]mm.Secret{"Token": mm.NewSecret("secret")},
	Select:     []string{"Name", "Length", "Fast", "Numbers", "More.a", "Own", "Deep.Er.Value", "Missing"}}

func TestACallBindsWhatItWasGivenAndAnswersWhatWasSelected(t *testing.T) {
	s := withModule(t)
	r := s.call(t, connect)
	want := `[{"Name":"$(throw); 'x'","Length":6,"Fast":true,"Numbers":[1,2],"More.a":1,"Own":"own","Deep.Er.Value":7,"Missing":null}]`
	if got := string(r.Objects); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d := cmp.Diff([]string{"use the code ABCD1234"}, r.Streams.Warning); d != "" {
		t.Error(d)
	}
	if strings.Contains(r.Output, "secret") || r.Output != "" {
		t.Errorf("output %q", r.Output)
	}
}

func TestACallIsOutOfReachOfTheUserAndLeavesNoTrace(t *testing.T) {
	s := withModule(t)
	s.run(t, `function Connect-Thing { 'forged' }; function Import-Module { 'forged' }; function Get-Module { 'forged' }
		Set-Alias Get-Module Get-Date; New-Module -Name Thing { function Connect-Thing { 'forged' } } | Out-Null
		$PSDefaultParameterValues['Connect-Thing:Name'] = 'forged'; $WarningPreference = 'SilentlyContinue'
		$ErrorActionPreference = 'Stop'; $command = 'forged'; $parameters = 'forged'`)
	s.run(t, "sh -c 'exit 4'; 'mine'")
	const state = "\"$LASTEXITCODE $LastResult $($Error.Count) $WarningPreference $ErrorActionPreference $command $parameters \" +" +
		" $PSDefaultParameterValues.Count"
	before := s.run(t, "Set-Variable keep $LastResult; $LastResult = $keep; "+state).Output
	s.run(t, "sh -c 'exit 4'; 'mine'")
	r := s.call(t, connect)
	if !strings.Contains(string(r.Objects), `"Own":"own"`) || len(r.Streams.Warning) != 1 {
		t.Errorf("objects %s, streams %+v, errors %+v", r.Objects, r.Streams, r.Errors)
	}
	if after := s.run(t, state).Output; after != before {
		t.Errorf("before %q, after %q", before, after)
	}
}

func TestACallIsCancelledLikeACommand(t *testing.T) {
	s := newSession(t)
	id := s.id()
	s.Call(mm.Call{ID: id, Module: "Microsoft.PowerShell.Utility", Command: "Start-Sleep", Parameters: map[string]any{"Seconds": 300}})
	s.ping(t)
	s.Cancel(id)
	if r := s.result(t, id); r.Terminated != mm.Stopped {
		t.Errorf("ended %q", r.Terminated)
	}
}

func TestAProcessGetsTheEnvironmentThatIsMeantForItAndNoOther(t *testing.T) {
	for _, name := range []string{"MM_TOKEN_KEY", "SESSION_POOL_STATE_DIR", "AWS_SECRET_ACCESS_KEY", "COMMAND_TIMEOUT"} {
		t.Setenv(name, "secret")
	}
	t.Setenv("HTTPS_PROXY", "http://proxy")
	t.Setenv("LC_TIME", "C")
	t.Setenv("XDG_CONFIG_HOME", "/tmp/xdg")
	t.Setenv("PSModulePath", "/opt/modules")
	home, state := t.TempDir(), t.TempDir()
	if _, err := os.Stat(cacheDir); err != nil {
		t.Fatal(err)
	}
	l, err := pwsh.New(pwsh.Config{Pwsh: pwshtest.Find(t), CacheDir: cacheDir, StateDir: state, RunDir: cacheDir, Home: home,
		Env: func(s mm.LaunchSpec) []string { return []string{"FOR=" + s.Session.String()} }})
	if err != nil {
		t.Fatal(err)
	}
	const script = "\"$env:HOME|$env:HTTPS_PROXY|$env:LC_TIME|$env:XDG_CONFIG_HOME|$env:NO_COLOR|$env:FOR|$PWD\"; $env:PSModulePath; " +
		"(Get-ChildItem env: | Where-Object { $_.Value -eq 'secret' -or $_.Name -like 'MM_*' }).Count; [Environment]::GetFolderPath('UserProfile')"
	modules := home + "/.local/share/powershell/Modules:/opt/modules:/usr/local/share/powershell/Modules:"
	for spec, want := range map[mm.Module][]string{
		mm.Exchange: {home + "|http://proxy|C|/tmp/xdg|1|Contoso GA/exo|" + home, modules, "0", home},
		mm.Azure: {state + "/homes/contoso_20ga|http://proxy|C||1|Contoso GA/azure|" + state + "/homes/contoso_20ga", modules, "0",
			state + "/homes/contoso_20ga"},
	} {
		s := launch(t, l, mm.LaunchSpec{Session: mm.SessionID{Connection: "Contoso GA", Module: spec}})
		lines := strings.Split(s.run(t, script).Output, "\n")
		if len(lines) < 4 || lines[0] != want[0] || !strings.Contains(lines[1], want[1]) || lines[2] != want[2] || lines[3] != want[3] {
			t.Errorf("%s: got %q\nwant %q", spec, lines, want)
		}
	}
}
