package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
	"github.com/microsoft-master/mm/internal/sandbox"
)

const flowEnvironments = "/providers/Microsoft.ProcessSimple/environments?api-version=2016-11-01"

// calls are one call to each of what a connection's account can do, with a text of its answer.
var calls = map[string][]string{
	"admin@contoso.com":  {"graph", "Contoso-GA", "/me"},
	"Default-":           {"graph", "Contoso-GA", flowEnvironments, "--resource", "flow"},
	"Adele":              {"run", "Contoso-GA", "exo", "Get-Mailbox"},
	"Contoso Production": {"run", "Contoso-GA", "azure", "Get-AzSubscription"},
	"Project Falcon":     {"run", "Contoso-GA", "teams", "Get-Team"},
	"Documents":          {"run", "Contoso-GA", "pnp", "Get-PnPList"},
}

// allAnswer makes all calls at once. A sign-in that one of them asks for is an error, for its exit code is 3. Those that meet a
// session whose process died are repeated, as the answer says.
func (w *world) allAnswer() {
	w.t.Helper()
	var all sync.WaitGroup
	for want, args := range calls {
		all.Go(func() {
			for deadline := time.Now().Add(40 * time.Second); ; {
				code, stdout, stderr := w.run(args...)
				if code == exitFailed && strings.Contains(stderr, "Try again in") && time.Now().Before(deadline) {
					continue // the error took the time of a process's start
				}
				if code != exitOK || !strings.Contains(stdout, want) {
					w.t.Errorf("%s: exit code %d\n%s%s", args, code, stdout, stderr)
				}
				return
			}
		})
	}
	all.Wait()
}

// signInByCode signs a person in to a connection ahead of its first use.
func (w *world) signInByCode(connection string) {
	w.t.Helper()
	if code, _, stderr := w.run("sign-in", connection, "--device-code"); code != exitOK {
		w.t.Fatalf("exit code %d: %s", code, stderr)
	}
}

func (w *world) status() (status struct {
	Sessions []struct {
		ID    string `json:"session_id"`
		PID   int    `json:"pid"`
		State string `json:"state"`
	}
	Accounts []struct{ Connection, State, Account string }
}) {
	w.t.Helper()
	code, stdout, stderr := w.run("status", "--json")
	if err := json.Unmarshal([]byte(stdout), &status); code != exitOK || err != nil {
		w.t.Fatalf("exit code %d, %v: %s", code, err, stderr)
	}
	return status
}

func TestOneSignInServesEverything(t *testing.T) {
	for _, engine := range []string{"go", "pwsh"} {
		t.Run(engine, func(t *testing.T) {
			if engine == "pwsh" {
				pwshtest.Find(t)
			}
			w := newWorld(t, 100*time.Millisecond)
			w.env = append(w.env, "MM_SANDBOX_ENGINE="+engine, "PATH="+os.Getenv("PATH"))
			w.signInByCode("Contoso-GA")
			w.allAnswer()

			// The admin site is another audience; its address is all that is needed.
			if code, _, stderr := w.run("run", "Contoso-GA", "pnp", "Connect-PnPOnline -Url https://contoso-admin.sharepoint.com"); code != exitOK {
				t.Errorf("the admin site: exit code %d: %s", code, stderr)
			}
			if code, stdout, stderr := w.run("run", "Contoso-GA", "pnp", "Get-PnPConnection | Select-Object -ExpandProperty Url"); code != exitOK || !strings.Contains(stdout, "contoso-admin") {
				t.Errorf("the admin site: exit code %d: %s%s", code, stdout, stderr)
			}

			for _, s := range w.status().Sessions {
				if s.PID == 0 { // of the Go engine
					if err := w.sb.Switchboard().Set("Contoso-GA:"+strings.TrimPrefix(s.ID, "Contoso-GA/")+"/*", sandbox.Fault{Kind: sandbox.FaultDie, Times: 1}); err != nil {
						t.Fatal(err)
					}
				} else if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			if engine == "go" { // its processes die with the next command
				for _, args := range calls {
					if code, _, stderr := w.run(args...); args[0] == "run" && code != exitFailed {
						t.Errorf("%s: exit code %d: %s", args, code, stderr)
					}
				}
			} else {
				w.waitNoPIDs(w.status().Sessions[0].PID)
			}
			w.allAnswer()
			if err := stopDaemon(w.s); err != nil {
				t.Fatal(err)
			}
			w.allAnswer() // with a daemon of its own
		})
	}
}

// waitNoPIDs waits until the daemon has noticed that a process is gone; the status has no event that one could wait for.
func (w *world) waitNoPIDs(pid int) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		there := false
		for _, s := range w.status().Sessions {
			there = there || pid != 0 && s.PID == pid
		}
		if !there {
			return
		}
	}
	w.t.Fatalf("the process %d is still there", pid)
}

func TestWithoutConsentAModuleHasASignInOfItsOwnAndSaysWhyOnce(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	w.signInByCode("Contoso-Limited")
	code, stdout, stderr := w.run("run", "Contoso-Limited", "exo", "Get-Mailbox", "--wait")
	if code != exitOK || !strings.Contains(stdout, "Adele") || strings.Count(stderr, "enter  ") != 1 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	const why = "Contoso-Limited/exo has a sign-in of its own, because the connection's does not do for it"
	if strings.Count(stderr, why) != 1 {
		t.Errorf("why is said once:\n%s", stderr)
	}
	code, _, stderr = w.run("run", "Contoso-Limited", "exo", "Get-Mailbox")
	if code != exitOK || strings.Contains(stderr, why) {
		t.Errorf("again: exit code %d: %s", code, stderr)
	}
	if code, stdout, stderr := w.run("graph", "Contoso-Limited", "/me", "--jq", ".mail"); code != exitOK || stdout != "\"admin@contoso.com\"\n" {
		t.Errorf("Graph: exit code %d: %s%s", code, stdout, stderr)
	}
	body := `{"message":{"subject":"s","toRecipients":[{"emailAddress":{"address":"adele@contoso.com"}}]}}`
	code, _, stderr = w.run("graph", "Contoso-Limited", "POST", "/me/sendMail", "--body", body)
	if code != exitFailed || !strings.Contains(stderr, "Graph API 403") || !strings.Contains(stderr, "Mail.Send") {
		t.Errorf("a send without Mail.Send: exit code %d: %s", code, stderr)
	}
}

func TestTheMorningAndTheEvening(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	code, stdout, stderr := w.run("sign-in", "--all")
	if code != exitOK || strings.Count(stdout, ", then renewed by itself\n") != len(w.sb.Connections()) || strings.Count(stderr, "enter  ") != len(w.sb.Connections()) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr = w.run("sign-in", "--all"); code != exitOK || strings.Contains(stderr, "enter") {
		t.Errorf("the second time: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, _ = w.run("status"); code != exitOK || strings.Count(stdout, "  signed in  ") != len(w.sb.Connections()) {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox"); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	const out = "Contoso-GA as admin@contoso.com is signed out: no tokens of it are left here. Ended sessions: exo.\n"
	if code, stdout, stderr = w.run("sign-out", "Contoso-GA"); code != exitOK || stdout != out {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if code, _, _ = w.run("graph", "Contoso-GA", "/me"); code != exitSignIn {
		t.Errorf("after the sign-out: exit code %d", code)
	}
	if code, _, _ = w.run("graph", "Fabrikam-GA", "/me"); code != exitOK {
		t.Errorf("another connection: exit code %d", code)
	}
	if code, stdout, stderr = w.run("connections", "rename", "Fabrikam-GA", "Fab"); code != exitOK || !strings.Contains(stdout, "Its sign-in moved along.") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr = w.run("graph", "Fab", "/me"); code != exitOK {
		t.Errorf("under its new name: exit code %d: %s", code, stderr)
	}
	if code, stdout, stderr = w.run("connections", "remove", "Fab", "--yes"); code != exitOK || !strings.Contains(stdout, "Signed it out.") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestTheTokenKeyStaysInTheDaemon(t *testing.T) {
	pwshtest.Find(t)
	w := newWorld(t, 100*time.Millisecond)
	key := strings.Repeat("5a", 32)
	w.env = append(w.env, "MM_SANDBOX_ENGINE=pwsh", "PATH="+os.Getenv("PATH"), "MM_TOKEN_KEY="+key)
	code, stdout, stderr := w.run("run", "Contoso-GA", "exo", "[Environment]::GetEnvironmentVariables().Keys -match '^(MM_|SESSION_POOL_)'; 'done'", "--wait")
	if code != exitOK || strings.TrimSpace(stdout) != "done" {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(w.s.tokensDir(), ".key")); err == nil {
		t.Error("there is a key file: the daemon in the background does not have MM_TOKEN_KEY")
	}
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(w.status().Sessions[0].PID) + "/environ")
	if err == nil && strings.Contains(string(environ), key) {
		t.Error("the process got the key")
	}
	w.env = append(w.env, "MM_TOKEN_KEY=short")
	if err := stopDaemon(w.s); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := w.run("serve"); code != exitUsage || !strings.Contains(stderr, "openssl rand -hex 32") {
		t.Errorf("a key that is none: exit code %d: %s", code, stderr)
	}
}

func TestManyTokensOfAConnectionAreFetchedAtOnce(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	w.signInByCode("Contoso-GA")
	// Slow answers of Entra make the fetches meet.
	if err := w.sb.Switchboard().Set("entra/refresh", sandbox.Fault{Kind: sandbox.FaultSlow, Seconds: 0.2}); err != nil {
		t.Fatal(err)
	}
	w.allAnswer()
	status := w.status()
	if len(status.Accounts) != 1 || status.Accounts[0].State != string(mm.AccountSignedIn) {
		t.Errorf("accounts %+v", status.Accounts)
	}
}
