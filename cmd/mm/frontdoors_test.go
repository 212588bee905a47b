package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

const mcpHello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

func TestInitializeStartsNoDaemon(t *testing.T) {
	w := newWorld(t, 0)
	cmd := w.mm("mcp")
	cmd.Stdin = strings.NewReader(mcpHello + "\n" + `{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n")
	code, stdout, stderr := ended(t, cmd)
	if code != exitOK || strings.Count(stdout, "\n") != 2 || stderr != "" {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	if _, err := os.Stat(w.s.StateDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made the state folder: %v", err)
	}
}

// A host is an MCP host with `mm mcp` as its child.
type host struct {
	*exec.Cmd
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func (w *world) host() *host {
	cmd := w.mm("mcp")
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return &host{cmd, w.t, in, bufio.NewReader(out)}
}

func (h *host) ask(message string) string {
	h.t.Helper()
	if _, err := io.WriteString(h.in, message+"\n"); err != nil {
		h.t.Fatal(err)
	}
	answer, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatal(err)
	}
	return answer
}

func toolCall(id int, args string) string {
	return `{"jsonrpc":"2.0","id":` + strconv.Itoa(id) + `,"method":"tools/call","params":{"name":"run","arguments":` + args + `}}`
}

func TestAnAssistantWorksThroughMCP(t *testing.T) {
	w := newWorld(t, 0)
	h := w.host()
	h.ask(mcpHello)
	const mailboxes = `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox"}`
	contains(t, "the list", h.ask(toolCall(1, `{}`)), `**Available Connections:**\n- **Contoso-GA**: Contoso (sandbox)`)
	first := h.ask(toolCall(2, mailboxes))
	contains(t, "the first call", first, `**DEVICE CODE: `)
	_, after, _ := strings.Cut(first, "**DEVICE CODE: ")
	code, _, _ := strings.Cut(after, "**")
	if err := w.sb.Entra().Approve(code, "admin@contoso.com"); err != nil {
		t.Fatal(err)
	}
	answer := first
	for id := 3; strings.Contains(answer, "DEVICE CODE"); id++ {
		answer = h.ask(toolCall(id, mailboxes))
	}
	contains(t, "after the sign-in", answer, "Adele")

	// The daemon may end behind an assistant's back; the next call starts another.
	if err := stopDaemon(w.s); err != nil {
		t.Fatal(err)
	}
	contains(t, "after the daemon's end", h.ask(toolCall(999, mailboxes)), "DEVICE CODE")
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestSIGTERMEndsTheMCPFrontEnd(t *testing.T) {
	h := newWorld(t, 0).host()
	h.ask(mcpHello)
	if err := h.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestADeadHostEndsTheMCPFrontEnd(t *testing.T) {
	w := newWorld(t, 0)
	in, keep, err := os.Pipe() // stays open: the end of input must not be what tells
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	host := exec.Command("sh", "-c", `"$0" mcp <&3 & read wait`, mmPath)
	host.Env, host.ExtraFiles = w.env, []*os.File{in}
	stdin, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(keep, mcpHello+"\n"); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(out)
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(answers); err != nil || len(rest) != 0 { // ends when mm mcp does
		t.Errorf("after the host's end: %s, %v", rest, err)
	}
	_ = host.Wait()
}

// emptyTemp makes the programs of a world leave their temporary files in a folder of the test, and returns it.
func (w *world) emptyTemp() string {
	dir := shortTemp(w.t)
	w.env = append(w.env, "TMPDIR="+dir)
	return dir
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in %s: %v, %v", dir, left, err)
	}
}

func TestASandboxEndsWithItsCommandAndItsDaemon(t *testing.T) {
	w := newWorld(t, 0)
	temp := w.emptyTemp()
	pids := filepath.Join(t.TempDir(), "pid")
	script := `mm run Contoso-GA exo Get-Mailbox --wait && cat "$HOME/.m365-state/mm.lock" > ` + pids + ` && exit 7`
	code, stdout, stderr := w.run("sandbox", "--approve-after", "50ms", "--", "sh", "-c", script)
	if code != 7 || !strings.Contains(stdout, "Adele") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !isZombie(pid) {
		t.Errorf("its daemon %d lives on", pid)
	}
	isEmpty(t, temp)
	if code, _, stderr := w.run("sandbox", "--", "no-such-program"); code != exitUsage || !strings.Contains(stderr, "no-such-program") {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
	if code, _, _ := w.run("sandbox", "--", "sh", "-c", "kill -9 $$"); code != 128+9 {
		t.Errorf("exit code %d for a killed command", code)
	}
}

func TestTheSwitchboardIsInForceAtOnce(t *testing.T) {
	w := newWorld(t, 0)
	script := `mm sandbox fault exo/Get-Mailbox throw --times 2; mm sandbox fault; mm run Contoso-GA exo Get-Mailbox --wait; echo "ended with $?"
		mm sandbox fault --clear; mm sandbox fault; mm run Contoso-GA exo Get-Mailbox
		mm sandbox fault exo/Get-Mailbox explode; echo "ended with $?"`
	code, stdout, stderr := w.run("sandbox", "--approve-after", "50ms", "--", "sh", "-c", script)
	before, after, _ := strings.Cut(stdout, "ended with 1\n")
	if code != 0 || !strings.HasPrefix(before, "exo/Get-Mailbox throw, 2 times\n") || !strings.Contains(after, "Adele") || !strings.HasSuffix(after, "ended with 2\n") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	w.env = append(w.env, "HOME="+t.TempDir())
	if code, _, stderr := w.run("sandbox", "fault"); code != exitFailed || !strings.Contains(stderr, "mm sandbox -- bash") {
		t.Errorf("outside of a sandbox: exit code %d, stderr %s", code, stderr)
	}
}

// isZombie reports whether only the process's entry is left: where nobody collects orphans, as in some containers.
func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestASandboxWithoutACommandSaysWhatIsThere(t *testing.T) {
	w := newWorld(t, 0)
	temp := w.emptyTemp()
	cmd := w.mm("sandbox", "--approve-after", "1s")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C ends") {
			break
		}
	}
	for _, want := range []string{"contoso", "/devicelogin", "export HOME='" + temp, "export SESSION_POOL_PORT=", "Northwind-Partner"} {
		contains(t, "the introduction", said.String(), want)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	isEmpty(t, temp)
}

func TestTheDemoShowsEverythingAndLeavesNothing(t *testing.T) {
	for _, engine := range []string{"go", "pwsh"} {
		t.Run(engine, func(t *testing.T) {
			if engine == "pwsh" {
				pwshtest.Find(t)
			}
			w := newWorld(t, 0)
			temp := w.emptyTemp()
			w.env = append(w.env, "MM_SANDBOX_ENGINE="+engine)
			begun := time.Now()
			code, stdout, stderr := w.run("demo")
			if code != exitOK || strings.Count(stdout, "  shown   ") != len(steps) {
				t.Errorf("exit code %d after %s, stderr %s, stdout\n%s", code, time.Since(begun), stderr, stdout)
			}
			if strings.Contains(stdout, "\x1b") {
				t.Error("colour without a terminal")
			}
			isEmpty(t, temp)
		})
	}
}
