package engine_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// socketEnv makes the test binary a stand-in in a process of its own, which connects to that socket.
const socketEnv = "MM_TEST_ENGINE_SOCKET"

// serve is the process: it ends with the stand-in's exit code.
func serve(socket, dir string) int {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	at := spec("Contoso-GA", mm.Exchange, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: dir})
	code, err := engine.Serve(context.Background(), conn, at.Connection, os.Getpid())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// A child is a stand-in in a process of its own, as the far end of an engine's connection.
type child struct{ cmd *exec.Cmd }

func (child) KillChildren(time.Time) {} // it has none
func (c child) Kill()                { _ = c.cmd.Process.Kill() }
func (c child) Wait() string {
	if err := c.cmd.Wait(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// startChild starts the process and returns its engine and events.
func startChild(t *testing.T) (*pwsh.Engine, string, <-chan mm.EngineEvent) {
	t.Helper()
	dir := t.TempDir()
	run, err := os.MkdirTemp("", "mm") // short: the path of a socket has at most 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	socket := filepath.Join(run, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), socketEnv+"="+socket, "MM_TEST_ENGINE_DIR="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan mm.EngineEvent, 100)
	e, err := pwsh.Attach(t.Context(), conn, child{cmd}, engine.Name, func(e mm.EngineEvent) { events <- e })
	if err != nil {
		t.Fatal(err)
	}
	if pid := e.Hello().PID; pid != cmd.Process.Pid {
		t.Errorf("hello from %d, want %d", pid, cmd.Process.Pid)
	}
	return e, dir, events
}

func TestAProcessOfItsOwnAnswersAndDies(t *testing.T) {
	for _, c := range []struct {
		says, script, reason string
		end                  func(mm.Engine)
	}{
		{"by its own exit", "[Environment]::Exit(3)", "exit status 3", func(mm.Engine) {}},
		{"by the switchboard", "Get-Mailbox", "signal: killed", func(mm.Engine) {}},
		{"by shutdown", "'idle'", "exit status 0", mm.Engine.Shutdown},
		{"by kill, in an endless loop", "while ($true) { }", "killed", mm.Engine.Kill},
	} {
		t.Run(c.says, func(t *testing.T) {
			e, dir, events := startChild(t)
			if err := sandbox.OpenSwitchboard(dir).Set("exo/Get-Mailbox", sandbox.Fault{Kind: sandbox.FaultDie}); err != nil {
				t.Fatal(err)
			}
			e.Invoke(mm.Invocation{ID: "1", Script: "'hello'"})
			if r, ok := (<-events).(mm.Completed); !ok || r.Result.Output != "hello\n" {
				t.Errorf("answer %+v", r)
			}
			e.Invoke(mm.Invocation{ID: "2", Script: "Write-Warning 'begun'; " + c.script})
			if _, ok := (<-events).(mm.Streamed); !ok {
				t.Error("not begun")
			}
			c.end(e)
			for event := range events {
				if x, ok := event.(mm.Exited); ok {
					if x.Reason != c.reason {
						t.Errorf("exited: %q, want %q", x.Reason, c.reason)
					}
					return
				}
			}
		})
	}
}
