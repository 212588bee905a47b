package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestConnectionsAreChangedByTheCommandLine(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct {
		name, stdin    string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"no registry yet", "", nil, 1, "", "mm: There is no connection registry at"},
		{"add", "contoso.com\n\nContoso\nadmin@contoso.com\n", []string{"add", "Contoso"}, 0, "Added connection 'Contoso'.",
			`mm connections edit "Contoso" tenantId TENANT-ID`},
		{"add without an answer", "", []string{"add", "New"}, 1, "", "mm: The input ended before everything was answered. Nothing was changed."},
		{"edit", "", []string{"edit", "contoso", "skipSendGuards", "true"}, 0, "Set the skipSendGuards of connection 'Contoso' to true.", ""},
		{"edit to what cannot be", "", []string{"edit", "contoso", "skipSendGuards", "maybe"}, 2, "", "mm: \"maybe\" cannot be the value"},
		{"rename", "", []string{"rename", "Contoso", "Contoso-GA"}, 0, "Renamed connection 'Contoso' to 'Contoso-GA'.", ""},
		{"show", "", []string{"show", "Contoso-GA"}, 0, `"skipSendGuards": true`, ""},
		{"list", "", nil, 0, "Contoso-GA                admin@contoso.com ", ""},
		{"list as JSON", "", []string{"--json"}, 0, `"expectedEmail": "admin@contoso.com"`, ""},
		{"an unknown connection", "", []string{"show", "Contoso"}, 1, "", "mm: Connection 'Contoso' not found."},
		{"an unknown command", "", []string{"rmove"}, 2, "", "Did you mean `mm connections remove`?"},
		{"too few arguments", "", []string{"rename", "Contoso"}, 2, "", "`mm connections rename OLD NEW` wants 2 arguments and got 1."},
		{"an unknown flag", "", []string{"remove", "--x"}, 2, "", "mm: "},
		{"remove", "y\n", []string{"remove", "Contoso-GA"}, 0, "Removed connection 'Contoso-GA'.", "(y/N)"},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(mmPath, append([]string{"connections"}, c.args...)...)
			cmd.Env = []string{"HOME=" + home}
			cmd.Stdin = strings.NewReader(c.stdin)
			code, stdout, stderr := ended(t, cmd)
			if code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			contains(t, "stdout", stdout, c.stdout)
			contains(t, "stderr", stderr, c.stderr)
		})
		if !ok {
			break // what follows builds on it
		}
	}
}
