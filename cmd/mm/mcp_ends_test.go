package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestInitializeStartsNoDaemon(t *testing.T) {
	w := newWorld(t, 0)
	cmd := w.mm("mcp")
	cmd.Stdin = strings.NewReader(mcpHello + "\n" + mcpTools + "\n")
	code, stdout, stderr := ended(t, cmd)
	if code != exitOK || strings.Count(stdout, "\n") != 2 || stderr != "" {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	if _, err := os.Stat(w.s.StateDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made the state folder: %v", err)
	}
}

func TestAnAssistantWorksThroughMCP(t *testing.T) {
	// The daemon may end behind an assistant's back; the next call starts another. An account's sign-in outlives it, a
	// module's own does not.
	for name, afterwards := range map[string]string{"shared": "Adele", "perModule": "DEVICE CODE"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.edit("Contoso-GA", "signIn", name)
			h := w.host()
			h.ask(mcpHello)
			contains(t, "the list", h.ask(toolCall(1, `{}`)), `**Available Connections:**\n- **Contoso-GA**: Contoso (sandbox)`)
			h.signIn(w)
			contains(t, "signed in", h.ask(toolCall(2, mailboxes)), "Adele")
			if err := stopDaemon(w.s); err != nil {
				t.Fatal(err)
			}
			contains(t, "after the daemon's end", h.ask(toolCall(999, mailboxes)), afterwards)
			if err := h.in.Close(); err != nil {
				t.Fatal(err)
			}
			h.end()
		})
	}
}

func TestTheMCPFrontEndEndsWhenItIsTold(t *testing.T) {
	w := newWorld(t, 0)
	for name, end := range map[string]func(*host) error{
		"by the end of its input": func(h *host) error { return h.in.Close() },
		"by SIGTERM":              func(h *host) error { return h.Process.Signal(syscall.SIGTERM) },
		"by Ctrl-C":               func(h *host) error { return h.Process.Signal(os.Interrupt) },
	} {
		t.Run(name, func(t *testing.T) {
			h := w.host()
			h.t = t
			h.ask(mcpHello)
			if err := end(h); err != nil {
				t.Fatal(err)
			}
			if rest := h.end(); rest != "" || h.stderr.Len() != 0 {
				t.Errorf("it said %s, and on stderr %s", rest, h.stderr.String())
			}
		})
	}
}

// A command outlives the process that asked for it, however that ends, and its answer is found under its request id. So a host
// that starts a process for every call loses nothing.
func TestACommandOutlivesTheProcessThatAskedForIt(t *testing.T) {
	w := newWorld(t, 0)
	h := w.host()
	h.signIn(w)
	// It runs beyond the moment that calls have when the input ends.
	const slow = `"connection":"Contoso-GA","module":"exo","command":"Start-Sleep -Seconds 3; 'slept'"`

	h.send(toolCall(1, "{"+slow+"}"))
	w.waitBusy()
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	cut := toolResult(t, h.end())
	if cut.Code != "cancelled" || cut.Executed != "maybe" || !strings.Contains(cut.Text, cut.RequestID) {
		t.Fatalf("what was cut off: %+v", cut)
	}
	again := w.host()
	got := toolResult(t, again.ask(toolCall(1, "{"+slow+`,"request_id":"`+cut.RequestID+`"}`)))
	if got.Status != "success" || strings.TrimSpace(got.Text) != "slept" || got.RequestID != cut.RequestID {
		t.Errorf("asked again: %+v", got)
	}

	// It ran once: what it left in the session is there once.
	again.send(toolCall(2, `{"connection":"Contoso-GA","module":"exo","command":"$n = 'survived'; Start-Sleep -Seconds 1"}`))
	w.waitBusy()
	if err := again.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = again.Wait()
	third := w.host()
	if got := toolResult(t, third.ask(toolCall(1, `{"connection":"Contoso-GA","module":"exo","command":"$n"}`))); got.Text != "survived" {
		t.Errorf("after SIGKILL: %+v", got)
	}
	if err := third.in.Close(); err != nil {
		t.Fatal(err)
	}
	third.end()
}

func TestAHostThatStartsAProcessForEveryCall(t *testing.T) {
	w := newWorld(t, 0)
	codes := make([]string, 6)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() {
			cmd := w.mm("mcp")
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Error(err)
				return
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil || cmd.Start() != nil {
				t.Error("it does not start", err)
				return
			}
			lines := bufio.NewReader(stdout)
			for _, message := range []string{mcpHello, toolCall(1, mailboxes)} {
				if _, err := io.WriteString(stdin, message+"\n"); err != nil {
					t.Error(err)
				}
				line, err := lines.ReadString('\n')
				if err != nil {
					t.Error(err)
				}
				codes[i] = line
			}
			_ = stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range codes {
		if codes[i] = toolResult(t, codes[i]).DeviceCode; codes[i] == "" || codes[i] != codes[0] {
			t.Errorf("codes %q", codes)
		}
	}
	if err := w.sb.Entra().Approve(codes[0], "admin@contoso.com"); err != nil {
		t.Fatal(err)
	}
	got := toolAnswer{Status: "auth_required"}
	for got.Status == "auth_required" {
		h := w.host()
		got = toolResult(t, h.ask(toolCall(1, mailboxes)))
		if err := h.in.Close(); err != nil {
			t.Fatal(err)
		}
		h.end()
	}
	contains(t, "the last answer", got.Text, "Adele")
}

func TestAClosedOutputEndsTheMCPFrontEnd(t *testing.T) {
	h := newWorld(t, 0).host()
	h.ask(mcpHello)
	if err := h.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	h.send(mcpTools)
	_ = h.Wait()
	if code := h.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(h.stderr.String(), "standard output is closed") {
		t.Errorf("it ended with %d (%s), stderr %s", code, h.ProcessState, h.stderr.String())
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
