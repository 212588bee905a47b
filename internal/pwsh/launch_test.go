//go:build linux

package pwsh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// alive reports whether the process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// awaitDeath waits until the process is gone; the end of somebody else's child is no event.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// child starts a native program in the session that outlives its command, and returns its process id.
func (s *session) child(t *testing.T) int {
	t.Helper()
	var pid int
	out := s.run(t, "(Start-Process sleep 300 -PassThru).Id").Output
	if _, err := fmt.Sscan(out, &pid); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if !alive(pid) {
		t.Fatalf("process %d does not run", pid)
	}
	return pid
}

func TestNothingOfASessionIsLeftWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(*session){
		"kill":     func(s *session) { s.Kill() },
		"shutdown": func(s *session) { s.Shutdown() },
		"the process kills itself": func(s *session) {
			s.begin("[Diagnostics.Process]::GetCurrentProcess().Kill()")
		},
		"exit of the environment": func(s *session) { s.begin("[Environment]::Exit(3)") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			pid := s.child(t)
			end(s)
			reason := s.exit(t)
			if alive(pid) || alive(s.Hello().PID) {
				t.Errorf("after Exited (%s): child alive %v, host alive %v", reason, alive(pid), alive(s.Hello().PID))
			}
			if reason == "" {
				t.Error("no reason")
			}
		})
	}
}

// superviseVariable makes the test binary a supervisor that waits to be killed; its value is the script that it runs.
const superviseVariable = "PWSH_TEST_SUPERVISE"

// supervise launches an engine with a native child, begins the script, prints both process ids and waits.
func supervise(script, dir string) {
	l, err := pwsh.New(pwsh.Config{CacheDir: dir, StateDir: dir, RunDir: dir})
	if err != nil {
		panic(err)
	}
	events := make(chan mm.EngineEvent, 100)
	e, err := l.Launch(context.Background(), exo, func(ev mm.EngineEvent) {
		select {
		case events <- ev:
		default: // a flood
		}
	})
	if err != nil {
		panic(err)
	}
	e.Invoke(mm.Invocation{ID: "child", Script: "(Start-Process sleep 300 -PassThru).Id"})
	child := (<-events).(mm.Completed).Result.Output
	e.Invoke(mm.Invocation{ID: "script", Script: "Write-Warning 'begun'; " + script})
	<-events
	fmt.Println(e.Hello().PID, child)
	select {}
}

func TestTheHostEndsWithItsGroupWhenItsSupervisorIsKilled(t *testing.T) {
	newLauncher(t) // compiles
	for name, script := range map[string]string{
		"while idle":               "",
		"while a command runs":     "Start-Sleep 300",
		"while nothing interrupts": "[Threading.Thread]::Sleep(300000)",
		"while records flood":      "while ($true) { Write-Warning 'w' }",
		"while output floods":      "while ($true) { 'x' }",
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), superviseVariable+"="+script+" ", "PWSH_TEST_DIR="+cacheDir)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var host, child int
			_, err = fmt.Fscan(out, &host, &child)
			cmd.Process.Kill()
			cmd.Wait()
			if err != nil {
				t.Fatal(err)
			}
			awaitDeath(t, host)
			awaitDeath(t, child)
		})
	}
}

func TestKillChildrenSparesWhatRanBefore(t *testing.T) {
	s := newSession(t)
	before := s.child(t)
	id := s.id()
	s.Invoke(mm.Invocation{ID: id, Script: "sh -c 'echo up; sleep 300; true'", Live: true})
	s.await(t, "output", func(ev mm.EngineEvent) bool { _, ok := ev.(mm.Streamed); return ok })
	s.KillChildren()
	s.result(t, id)
	if !alive(before) {
		t.Error("the child of an earlier command was killed")
	}
}

func TestManyCompileTheHostAtOnceAndAllLaunch(t *testing.T) {
	path, dir := pwshtest.Find(t), t.TempDir()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			l, err := pwsh.New(pwsh.Config{Pwsh: path, CacheDir: dir, StateDir: dir, RunDir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			ctx, cancel := context.WithCancel(t.Context())
			gone := make(chan struct{})
			_, err = l.Launch(ctx, exo, func(ev mm.EngineEvent) {
				if _, ok := ev.(mm.Exited); ok {
					close(gone)
				}
			})
			cancel()
			if err != nil {
				t.Error(err)
				return
			}
			<-gone
		})
	}
	wg.Wait()
	libraries, _ := filepath.Glob(filepath.Join(dir, "*.dll"))
	aside, _ := filepath.Glob(filepath.Join(dir, "compile-*"))
	if len(libraries) != 1 || len(aside) != 0 {
		t.Errorf("left: %q, %q; want one library and nothing aside", libraries, aside)
	}
}

func TestADamagedOrForgedHostIsCompiledAnew(t *testing.T) {
	cache, state := t.TempDir(), t.TempDir()
	var log bytes.Buffer
	l, err := pwsh.New(pwsh.Config{Pwsh: pwshtest.Find(t), CacheDir: cache, StateDir: state, RunDir: state, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	compile := func() (path string, body []byte) {
		t.Helper()
		if err := l.Compile(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, _ := filepath.Glob(filepath.Join(cache, "*.dll"))
		if len(found) != 1 {
			t.Fatalf("libraries %q", found)
		}
		body, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		return found[0], body
	}
	path, good := compile()
	if log.Len() > 0 {
		t.Errorf("logged at first: %s", log.String())
	}
	if err := os.WriteFile(path, []byte("forged"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, body := compile(); len(body) != len(good) {
		t.Errorf("%d bytes after a forgery, %d before", len(body), len(good))
	}
	if !strings.Contains(log.String(), "compiled anew") {
		t.Errorf("the forgery was not reported: %s", log.String())
	}
	launch(t, l, exo).run(t, "1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	compile()
}

func TestALaunchThatCannotSucceedSaysWhyAndWhatToDo(t *testing.T) {
	dir := t.TempDir()
	program := func(text string) string {
		path := filepath.Join(t.TempDir(), "pwsh")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	long := filepath.Join(dir, strings.Repeat("x", 100))
	for name, c := range map[string]struct {
		config pwsh.Config
		says   string
	}{
		"it cannot compile":    {pwsh.Config{Pwsh: program("echo no disk >&2; exit 1"), RunDir: dir}, "no disk"},
		"it is something else": {pwsh.Config{Pwsh: program("echo hello"), RunDir: dir}, "hello"},
		"it is not there":      {pwsh.Config{Pwsh: filepath.Join(dir, "nothing"), RunDir: dir}, "nothing"},
		"the path is too long": {pwsh.Config{Pwsh: pwshtest.Find(t), RunDir: long}, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.CacheDir, c.config.StateDir = cacheDir, cacheDir
			l, err := pwsh.New(c.config)
			if err == nil {
				_, err = l.Launch(t.Context(), exo, func(ev mm.EngineEvent) { t.Errorf("event %#v", ev) })
			}
			var e *mm.Error
			if !errors.As(err, &e) || e.Code != mm.LaunchFailed || e.Remedy == "" || e.Executed != mm.ExecutedNo ||
				!strings.Contains(e.Message, c.says) {
				t.Errorf("got %#v", err)
			}
		})
	}
}
