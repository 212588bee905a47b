package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWrongUsageIsSaidOnceWithExitCode2(t *testing.T) {
	w := newWorld(t, 0)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"an unknown command", []string{"statsu"}, "unknown command \"statsu\" (did you mean `mm status`?); `mm --help` lists them"},
		{"an unknown flag", []string{"--frob"}, "unknown flag: --frob; see `mm --help`"},
		{"an unknown shorthand", []string{"status", "-x"}, "unknown shorthand flag: 'x' in -x; see `mm status --help`"},
		{"help of an unknown command", []string{"help", "statsu"}, "did you mean `mm status`"},
		{"too many arguments", []string{"version", "x"}, "`mm version [flags]` wants 0 arguments and got 1; see `mm version --help`"},
		{"too few", []string{"reset"}, "wants 1 to 2 arguments and got 0"},
		{"a command that is not in quotes", []string{"run", "A", "exo", "Get-Mailbox", "Adele"}, "wants 3 arguments and got 4: put COMMAND in quotes"},
		{"PowerShell's parameters outside of them", []string{"run", "A", "exo", "Get-Mailbox", "-ResultSize", "5"},
			"PowerShell's parameters belong inside of COMMAND, in quotes"},
		{"a command and a file", []string{"run", "A", "exo", "x", "--file", "y"}, "COMMAND and --file exclude each other"},
		{"a file that is not there", []string{"run", "A", "exo", "--file", "/no/such"}, "no such file"},
		{"no command on standard input", []string{"run", "A", "exo", "-"}, "standard input is empty"},
		{"a wrong timeout", []string{"run", "A", "exo", "x", "--timeout", "soon"}, "want seconds, or a duration like 5m"},
		{"a wrong delimiter", []string{"run", "A", "exo", "x", "--delimiter", "|"}, "want ',', ';' or tab"},
		{"a place that no file can have", []string{"run", "A", "exo", "x", "--csv", "/"}, "/ cannot be written: it is a folder; name a file in it; the command was not run"},
		{"an unknown module", []string{"reset", "A", "word"}, "the modules are exo, pnp, azure and teams"},
		{"an unknown shell", []string{"completion", "tcsh"}, "unknown shell \"tcsh\"; there are bash, zsh, fish, powershell"},
		{"no shell", []string{"completion"}, "name one shell"},
		{"a request without an address", []string{"graph", "A"}, "ENDPOINT is missing: /me, for example; see `mm graph --help`"},
		{"no place for its answer", []string{"graph", "A", "/me", "-o", "/"}, "/ cannot be written: it is a folder"},
		{"nobody to sign in", []string{"sign-in"}, "name one connection, or --all; see `mm sign-in --help`"},
		{"one and all", []string{"sign-in", "A", "--all"}, "--all is for all connections"},
		{"two ways at once", []string{"sign-in", "A", "--paste", "--device-code"}, "--device-code and --paste exclude each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := w.run(c.args...)
			if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "mm: ") || strings.Count(stderr, "mm: ") != 1 ||
				strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			contains(t, "stderr", stderr, c.want)
		})
	}
	if _, err := os.Stat(w.s.StateDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("wrong usage made the state folder: %v", err)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || cmd.Long == "" ||
			(cmd.Example == "" && (strings.Contains(cmd.Use, " ") || cmd.HasLocalFlags())) {
			t.Errorf("`%s`: short %q, long %d characters, example %q", cmd.CommandPath(), cmd.Short, len(cmd.Long), cmd.Example)
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if textWidth(strings.TrimRight(line, "\n")) > 130 {
				t.Errorf("`%s`: a line is too long: %s", cmd.CommandPath(), line)
			}
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(rootCommand(newEnviron()))
}

func TestMMAloneIsAnOverview(t *testing.T) {
	w := newWorld(t, 0)
	code, stdout, stderr := w.run()
	if code != exitOK || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	for _, want := range []string{"mm connections add", "Work:", "  run ", "  graph ", "  sign-in ", "  sign-out ", "The daemon and its front ends:", "  stop ", "Without a tenant:", "  completion "} {
		contains(t, "the overview", stdout, want)
	}
}

// completing asks the program as a shell's script does.
func (w *world) completing(args ...string) string {
	w.t.Helper()
	code, stdout, stderr := w.run(append([]string{"__complete"}, args...)...)
	if code != exitOK || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "Completion ended with directive: ") {
		w.t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	return stdout
}

func TestConnectionsAndModulesAreCompletedWithoutADaemon(t *testing.T) {
	w := newWorld(t, 0)
	for _, c := range []struct{ name, want, not string }{
		{"run|", "Contoso-GA\tContoso (sandbox)", "exo"},
		{"run|con", "Contoso-GA\t", "Fabrikam"},
		{"reset|", "Contoso-GA\t", ""},
		{"run|Contoso-GA|", "exo\tExchange Online", "Contoso"},
		{"reset|Contoso-GA|t", "teams\tMicrosoft Teams", "exo"},
		{"run|Contoso-GA|exo|", ":4", "exo"},
		{"graph|Contoso-GA|", "GET\n", "exo"},
		{"graph|Contoso-GA|p", "PATCH\n", "GET"},
		{"graph|Contoso-GA|GET|", ":4", "exo"},
		{"sign-in|con", "Contoso-GA\t", "Fabrikam"},
		{"sign-out|Contoso-GA|", ":4", "exo"},
		{"completion|", "zsh", ""},
		{"help|st", "status\t", ""},
		{"help|connections|", "add\t", ""},
		{"sta", "status\t", "run"},
	} {
		got := w.completing(strings.Split(c.name, "|")...)
		contains(t, c.name, got, c.want)
		if c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %q in\n%s", c.name, c.not, got)
		}
	}
	if _, err := os.Stat(w.s.StateDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("completing made the state folder: %v", err)
	}
	if err := os.WriteFile(w.s.Registry, []byte("{ broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.completing("run", ""); got != ":4\n" {
		t.Errorf("of a broken registry: %q", got)
	}
}

func TestCompletionsAreScriptsOfTheirShells(t *testing.T) {
	w := newWorld(t, 0)
	for shell, want := range map[string]string{"bash": "__start_mm", "zsh": "#compdef mm", "fish": "complete -c mm", "powershell": "Register-ArgumentCompleter"} {
		code, stdout, stderr := w.run("completion", shell)
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, stderr %q", shell, code, stderr)
		}
		contains(t, shell, stdout, want)
	}
	_, script, _ := w.run("completion", "bash")
	check := exec.Command("bash", "-n")
	check.Stdin = strings.NewReader(script)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTheVersionIsToldWithAndWithoutADaemon(t *testing.T) {
	w := newWorld(t, 0)
	code, stdout, _ := w.run("version")
	if code != exitOK || !strings.HasPrefix(stdout, "mm ") || !strings.HasSuffix(stdout, "\ndaemon: none runs\n") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if code, stdout, _ = w.run("version", "--json"); code != exitOK || !strings.Contains(stdout, `"daemon": null`) {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if code, _, stderr := w.run("metrics"); code != exitUnreachable || !strings.Contains(stderr, "mm serve") {
		t.Errorf("metrics without a daemon: exit code %d, %q", code, stderr)
	}
	w.run("run", "Contoso-GA", "exo", "Get-Mailbox")
	if code, stdout, _ = w.run("version"); code != exitOK || !strings.Contains(stdout, ", in the background, logs to "+w.s.logPath()) {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if code, stdout, _ = w.run("version", "--json"); code != exitOK || !strings.Contains(stdout, `"background": true`) {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if code, stdout, _ = w.run("metrics"); code != exitOK || !strings.Contains(stdout, "Requests   1, 0 failed (0.0 %)\n") {
		t.Errorf("metrics: exit code %d, %q", code, stdout)
	}
	if code, stdout, _ = w.run("metrics", "--json"); code != exitOK || !strings.Contains(stdout, `"total_requests": 1`) {
		t.Errorf("metrics: exit code %d, %q", code, stdout)
	}
	homeless := w.mm("version")
	homeless.Env = []string{"HOME="}
	if code, stdout, stderr := ended(t, homeless); code != exitOK || !strings.Contains(stdout, "daemon: HOME is") || stderr != "" {
		t.Errorf("without HOME: exit code %d, %q, %q", code, stdout, stderr)
	}
}
