package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func in(vars ...string) *environ { return &environ{getenv: lookupIn(vars), list: vars} }

func TestSettingsHaveTheDefaultsThatPeopleKnow(t *testing.T) {
	s, err := in("HOME=/home/ada").read()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]any{
		"registry": {s.Registry, "/home/ada/.m365-connections.json"},
		"state":    {s.StateDir, "/home/ada/.m365-state"},
		"socket":   {s.Socket, "/home/ada/.m365-state/mm.sock"},
		"token":    {s.tokenPath(), "/home/ada/.m365-state/pool-token"},
		"log":      {s.logPath(), "/home/ada/.m365-logs/session-pool-unified.log"},
		"address":  {s.address(), "127.0.0.1:5200"},
		"timeout":  {s.Timeout, 300 * time.Second},
		"level":    {s.LogLevel, "INFO"},
		"auth":     {s.NoAuth, false},
		"engine":   {s.GoOnly, false},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %v, not %v", name, c[0], c[1])
		}
	}
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	s, err := in("HOME=/h", "SESSION_POOL_HOST=::1", "SESSION_POOL_PORT= 5299 ", "SESSION_POOL_STATE_DIR=/s", "SESSION_POOL_LOG_DIR=/l",
		"SESSION_POOL_LOG_LEVEL=warning", "SESSION_POOL_AUTH=none", "COMMAND_TIMEOUT=60", "M365_CONNECTION=Contoso-GA", "MM_SANDBOX_ENGINE=go").read()
	if err != nil {
		t.Fatal(err)
	}
	got := []any{s.address(), s.Socket, s.logPath(), s.LogLevel, s.NoAuth, s.Timeout, s.Only, s.GoOnly, s.loopback()}
	want := []any{"[::1]:5299", "/s/mm.sock", "/l/session-pool-Contoso-GA.log", "WARNING", true, time.Minute, "Contoso-GA", true, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFlagGoesBeforeItsVariable(t *testing.T) {
	e := in("HOME=/h", "SESSION_POOL_PORT=x", "SESSION_POOL_HOST=::1")
	s, err := e.with("SESSION_POOL_PORT", "--port", "5300").with("SESSION_POOL_HOST", "--host", "127.0.0.2").read()
	if err != nil || s.address() != "127.0.0.2:5300" {
		t.Errorf("%s, %v", s.address(), err)
	}
	if _, err := e.with("SESSION_POOL_PORT", "--port", "y").read(); err == nil || !strings.Contains(err.Error(), `--port is "y"`) {
		t.Errorf("got %v", err)
	}
	if _, err := e.read(); err == nil || !strings.Contains(err.Error(), `SESSION_POOL_PORT is "x"`) {
		t.Errorf("without the flags: %v", err)
	}
}

func TestWrongSettingsNameTheVariable(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"HOME=", "HOME"},
		{"SESSION_POOL_PORT=x", "SESSION_POOL_PORT"},
		{"SESSION_POOL_PORT=70000", "1 to 65535"},
		{"COMMAND_TIMEOUT=0", "1 to 86400"},
		{"SESSION_POOL_LOG_LEVEL=loud", "DEBUG, INFO"},
		{"SESSION_POOL_AUTH=off", "token or none"},
		{"MM_SANDBOX_ENGINE=rust", "pwsh or go"},
	} {
		_, err := in("HOME=/h", c.set).read()
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.set, err)
		}
	}
}

func TestADaemonInTheBackgroundKeepsOnlyKnownVariables(t *testing.T) {
	got := cleanEnv([]string{"PATH=/bin", "HOME=/h", "LC_ALL=C", "LCX=1", "AWS_SECRET=x", "HTTPS_PROXY=p", "SESSION_POOL_PORT=1",
		"MM_SESSION_POOL_TOKEN=secret", "MM_SEND_GUARDS=false", "MM_PWSH=/p", "PSModulePath=/m", "LD_PRELOAD=x", "MM_LOCK_FD=9"})
	want := []string{"PATH=/bin", "HOME=/h", "LC_ALL=C", "HTTPS_PROXY=p", "SESSION_POOL_PORT=1", "MM_PWSH=/p", "PSModulePath=/m"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
