package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestLogLinesLookAsTheyAlwaysDid(t *testing.T) {
	var b bytes.Buffer
	log := newLog(&b, "WARNING")
	log.Info("not shown")
	log.Warn("a message", "key", "value")
	want := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[WARNING\] session_pool - a message \{"key": "value"\}\n$`)
	if !want.MatchString(b.String()) {
		t.Errorf("got %q", b.String())
	}
}

// named is a launcher that fails with its name, so that a test sees which was asked.
type named string

func (n named) Launch(context.Context, mm.LaunchSpec, func(mm.EngineEvent)) (mm.Engine, error) {
	return nil, errors.New(string(n))
}

func TestTheGoEngineRunsSandboxConnectionsOnly(t *testing.T) {
	missing := mm.Errorf(mm.LaunchFailed, "Install it.", "no PowerShell")
	for _, c := range []struct {
		name, cloud   string
		found, goOnly bool
		want          string
	}{
		{"a real connection", "", true, false, "pwsh"},
		{"a real connection without PowerShell", "", false, false, missing.Error()},
		{"a real connection, the Go engine asked for", "public", true, true, "pwsh"},
		{"a real connection, the Go engine asked for, without PowerShell", "", false, true, missing.Error()},
		{"a sandbox connection", "sandbox", true, false, "pwsh"},
		{"a sandbox connection without PowerShell", "sandbox", false, false, "go"},
		{"a sandbox connection, the Go engine asked for", "sandbox", true, true, "go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &launcher{goOnly: c.goOnly, standIn: named("go"), find: func() (mm.Launcher, error) {
				if !c.found {
					return nil, missing
				}
				return named("pwsh"), nil
			}}
			_, err := l.Launch(t.Context(), mm.LaunchSpec{Connection: mm.Connection{Cloud: c.cloud}}, nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestPowerShellMayBeInstalledLater(t *testing.T) {
	looked := 0
	l := &launcher{find: func() (mm.Launcher, error) {
		if looked++; looked == 1 {
			return nil, errors.New("none")
		}
		return named("pwsh"), nil
	}}
	for i, want := range []string{"none", "pwsh", "pwsh"} {
		if _, err := l.Launch(t.Context(), mm.LaunchSpec{}, nil); err.Error() != want {
			t.Errorf("launch %d: %v", i, err)
		}
	}
	if looked != 2 {
		t.Errorf("looked %d times", looked)
	}
}

func TestOnlySandboxSessionsLearnTheirConnection(t *testing.T) {
	spec := mm.LaunchSpec{Connection: mm.Connection{Name: "Contoso-GA", Cloud: "sandbox"}}
	if got := sandboxEnv(spec); len(got) != 1 || got[0] != "M365_SANDBOX_CONNECTION=Contoso-GA" {
		t.Errorf("got %q", got)
	}
	spec.Connection.Cloud = ""
	if got := sandboxEnv(spec); got != nil {
		t.Errorf("a real one: %q", got)
	}
}
