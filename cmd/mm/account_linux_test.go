package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

func TestAWrongAccountIsRefusedAndForgotten(t *testing.T) {
	w := newWorld(t, 0)
	p := w.inTerminal(100, nil, "sign-in", "Fabrikam-GA", "--device-code")
	p.saw(" left (Ctrl-C gives up)")
	user := regexp.MustCompile(`with ([A-Z0-9]+): `).FindStringSubmatch(p.seen)[1]
	if err := w.sb.Entra().Approve(user, "patti@fabrikam.com"); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the terminal", p.seen, "WARNING: Authenticated with wrong account. Re-authentication required.")
	for _, args := range [][]string{{"graph", "Fabrikam-GA", "/me"}, {"run", "Fabrikam-GA", "exo", "Get-Mailbox"}} {
		code, stdout, stderr := w.run(args...)
		if code != exitSignIn || stdout != "" {
			t.Errorf("%s: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	tokens, err := filepath.Glob(filepath.Join(w.s.tokensDir(), "*.tokens"))
	if err != nil || len(tokens) != 0 {
		t.Errorf("tokens were kept: %s, %v", tokens, err)
	}
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

// challengeOf waits until a command has shown the address of a sign-in, and returns it.
func challengeOf(t *testing.T, p *terminal) string {
	t.Helper()
	p.saw(" left (Ctrl-C gives up)")
	return regexp.MustCompile(`open   (?:\x1b\[1m)?(https?://[^\x1b\r\n]+)`).FindStringSubmatch(p.seen)[1]
}

// browse is what a person does in a browser that reaches this machine; last is where it ended.
func (w *world) browse(address, account string, follow bool) (last *url.URL) {
	w.t.Helper()
	c, err := w.sb.Client()
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if !follow {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := c.PostForm(address, url.Values{"account": {account}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 400 {
		w.t.Fatalf("the page: %d, %v: %s", resp.StatusCode, err, text)
	}
	if next, err := resp.Location(); err == nil {
		return next
	}
	return resp.Request.URL
}

func TestAPersonSignsInByBrowser(t *testing.T) {
	w := newWorld(t, 0)
	// Wider than any address: a terminal that breaks the line would break the test's expression, not what a person copies.
	t.Run("on this computer", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Contoso-GA")
		if last := w.browse(challengeOf(t, p), "admin@contoso.com", true); last.Hostname() != "localhost" {
			t.Errorf("the browser ended at %s", last.Host)
		}
		if code := p.end(); code != exitOK || !strings.Contains(p.seen, "Contoso-GA is signed in as admin@contoso.com.") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
		if code, stdout, _ := w.run("sign-in", "contoso-ga"); code != exitOK || stdout != "Contoso-GA is signed in already, as admin@contoso.com.\n" {
			t.Errorf("again: exit code %d, %s", code, stdout)
		}
	})
	t.Run("elsewhere, by pasting where it was sent to", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Fabrikam-GA", "--paste")
		back := w.browse(challengeOf(t, p), "admin@fabrikam.com", false)
		p.press(back.String() + "\n")
		if code := p.end(); code != exitOK || !strings.Contains(p.seen, "Fabrikam-GA is signed in as admin@fabrikam.com.") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
	})
	t.Run("and Ctrl-C leaves it open", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Northwind-GA")
		address := challengeOf(t, p)
		p.press(ctrlC)
		if code := p.end(); code != exitSignIn || !strings.Contains(p.seen, "Left. The sign-in stays open for 15 minutes") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
		w.browse(address, "admin@northwindtraders.com", true)
		if code, stdout, stderr := w.run("graph", "Northwind-GA", "/me", "--jq", ".mail", "--wait"); code != exitOK || !strings.Contains(stdout, "admin@northwind") {
			t.Errorf("exit code %d: %s%s", code, stdout, stderr)
		}
	})
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

func TestGraphInPipesAndFiles(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	w.signInByCode("Contoso-GA")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "up.txt"), "hello")
	write(t, filepath.Join(dir, "event.json"), `{"subject":"Standup","start":{"dateTime":"2026-12-01T09:00:00","timeZone":"UTC"},"end":{"dateTime":"2026-12-01T09:15:00","timeZone":"UTC"}}`)
	file := "'/me/drive/root:/up.txt:/content'"
	for _, c := range []struct {
		name, script   string
		code           int
		stdout, stderr string
	}{
		{"an item", `mm graph Contoso-GA /me --jq .displayName`, 0, "\"Admin Casey\"\n", ""},
		{"a list to its end", `mm graph Contoso-GA '/users?$top=3&$select=mail' --all --jq '.value | length'`, 0, "8\n", ""},
		{"CSV", `mm graph Contoso-GA '/users?$top=3&$select=displayName' --all --csv users.csv && grep -c @ users.csv; head -1 users.csv`, 0, "0\n\ufeffdisplayName,id\r\n", "8 rows written to users.csv\n"},
		{"a body from a file", `mm graph Contoso-GA POST /me/events --body @event.json --jq .subject`, 0, "\"Standup\"\n", ""},
		{"a body from standard input", `cat event.json | mm graph Contoso-GA post /me/events --body - --jq .subject`, 0, "\"Standup\"\n", ""},
		{"an upload", `mm graph Contoso-GA PUT ` + file + ` --body-file up.txt --jq .size`, 0, "5\n", ""},
		{"a download", `mm graph Contoso-GA ` + file + ` -o down.txt && cat down.txt`, 0, "hello", "Saved to down.txt (5 bytes, "},
		{"a download to standard output", `mm graph Contoso-GA ` + file + ` -o -`, 0, "hello", ""},
		{"JSON to a file", `mm graph Contoso-GA /me -o me.json --jq .mail && cat me.json`, 0, "\"admin@contoso.com\"\n", "Saved to me.json (20 bytes, JSON)\n"},
		{"one that does not work leaves the file", `echo old > keep.txt; mm graph Contoso-GA /nonsense -o keep.txt || cat keep.txt`, 0, "old\n", "Graph API 400"},
		{"no place for the answer", `mm graph Contoso-GA /me -o none/such`, 2, "", "cannot be written"},
		{"nothing is left of files on their way", `ls ~/.m365-state/files`, 0, "", ""},
		{"one request id, one request", `for i in 1 2; do mm graph Contoso-GA POST /me/events --body @event.json --jq .id --request-id same; done | uniq | wc -l`, 0, "1\n", ""},
		{"there is more", `mm graph Contoso-GA '/users?$top=3' --jq '.value|length'`, 0, "3\n", "--page 'https://"},
		{"the next page", `mm graph Contoso-GA --jq '.value|length' "$(mm graph Contoso-GA '/users?$top=6' 2>&1 >/dev/null | sed -n "s/.*--page '\(.*\)'/\1/p")"`, 0, "2\n", ""},
		{"the next page by --page", `mm graph Contoso-GA --jq '.value|length' --page "$(mm graph Contoso-GA '/users?$top=6' 2>&1 >/dev/null | sed -n "s/.*--page '\(.*\)'/\1/p")"`, 0, "2\n", ""},
		{"a fault of the service", `mm sandbox fault graph/me HTTP503 && mm graph Contoso-GA /me --timeout 2; c=$?; mm sandbox fault --clear; exit $c`, 1, "", "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("bash", "-c", c.script)
			cmd.Dir = dir
			cmd.Env = append(w.env[:len(w.env):len(w.env)], "PATH="+filepath.Dir(mmPath)+":"+os.Getenv("PATH"))
			code, stdout, stderr := ended(t, cmd)
			if code != c.code || stdout != c.stdout || !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", code, stdout, stderr)
			}
		})
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

func TestOneTokenOfAConnectionIsFetchedAtATime(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	w.signInByCode("Contoso-GA")
	// Slow answers of Entra make the fetches meet. Each would wait for the other's end without an order.
	if err := w.sb.Switchboard().Set("entra/refresh", sandbox.Fault{Kind: sandbox.FaultSlow, Seconds: 0.2}); err != nil {
		t.Fatal(err)
	}
	w.allAnswer()
	status := w.status()
	if len(status.Accounts) != 1 || status.Accounts[0].State != string(mm.AccountSignedIn) {
		t.Errorf("accounts %+v", status.Accounts)
	}
}
