//go:build unix

package actors_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// cache holds the compiled host for all tests here.
var cache = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "mm")
	if err != nil {
		panic(err)
	}
	return dir
})

// A whole is the product without its front doors: actors on real PowerShell processes, signed in to the sandbox.
type whole struct {
	*actors.Pool
	t           testing.TB
	launcher    mm.Launcher
	connections []mm.Connection
}

// start starts one, and checks at the end of the test that no process of it is left.
func start(t testing.TB) *whole {
	t.Helper()
	path := pwshtest.Find(t)
	temporary := t.TempDir()
	run := filepath.Join(cache(), "r")
	t.Setenv("TMPDIR", temporary)
	s, err := sandbox.Start(context.Background(), sandbox.Options{ApproveAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	launcher, err := pwsh.New(pwsh.Config{Pwsh: path, CacheDir: cache(), StateDir: cache(), RunDir: run, Home: s.Home(),
		Env: func(spec mm.LaunchSpec) []string { return []string{sandbox.ConnectionEnv + "=" + spec.Connection.Name} }})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	p, err := actors.Start(actors.Config{Registry: registry.Open(filepath.Join(s.Home(), ".m365-connections.json")), Launcher: launcher,
		NewID: rand.Text, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w := &whole{Pool: p, t: t, launcher: launcher}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if left := processesWith(t, run); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("files are left in TMPDIR: %v %v", left, err)
		}
	})
	if w.connections, err = p.Connections(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

// processesWith returns the pids of all processes that have text in their command line.
func processesWith(t testing.TB, text string) (pids []int) {
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if line, err := os.ReadFile(e); err == nil && strings.Contains(string(line), text) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(e)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func (w *whole) run(s mm.SessionID, text string) mm.Outcome {
	return w.Run(w.t.Context(), mm.Command{Session: s, Text: text}, nil)
}

// signIn makes the session ready: the sandbox approves by itself.
func (w *whole) signIn(s mm.SessionID) {
	w.t.Helper()
	for range 600 {
		o := w.run(s, `'ready'`)
		switch {
		case o.Status == mm.StatusSuccess && o.Output == "ready\n" || o.Output == "ready":
			return
		case o.Status == mm.StatusAuthRequired || o.Err != nil && o.Err.RetryAfter > 0:
			time.Sleep(100 * time.Millisecond) // Entra's interval; there is no event to wait for
		default:
			w.t.Fatalf("%s: %s %q %v", s, o.Status, o.Output, o.Err)
		}
	}
	w.t.Fatalf("%s does not sign in", s)
}

func (w *whole) session(i int, m mm.Module) mm.SessionID {
	return mm.SessionID{Connection: w.connections[i].Name, Module: m}
}

func (w *whole) status(s mm.SessionID) mm.SessionStatus {
	status, err := w.Status(context.Background())
	if err != nil {
		w.t.Error(err)
	}
	for _, st := range status.Sessions {
		if st.ID == s {
			return st
		}
	}
	return mm.SessionStatus{}
}

func TestCommandsGoOnWhileTheProcessOfAnotherSessionIsKilledAgainAndAgain(t *testing.T) {
	w := start(t)
	calm, restless := w.session(0, mm.Exchange), w.session(0, mm.Azure)
	w.signIn(calm)
	const commands, atLeast = 200, 10
	var kills atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			w.run(restless, "1")
			if pid := w.status(restless).PID; pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills.Add(1)
			}
			if _, err := w.Reset(context.Background(), restless.Connection, restless.Module); err != nil { // ends the backoff
				t.Error(err)
			}
		}
	}()
	n := 0
	for ; n < commands || kills.Load() < atLeast; n++ {
		o := w.run(calm, fmt.Sprintf("$n = %d; $n", n))
		if got := strings.TrimSpace(o.Output); o.Status != mm.StatusSuccess || got != fmt.Sprint(n) {
			t.Errorf("command %d: %s %q %v", n, o.Status, got, o.Err)
			break
		}
	}
	close(stop)
	<-stopped
	t.Logf("%d right answers in a row, %d kills of the other session's process", n, kills.Load())
}

// TestChaosOfKills runs commands that count on several sessions while their processes are killed at random moments: each is
// answered once, none is executed twice, and what was answered as executed was.
func TestChaosOfKills(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("MM_CHAOS")); err == nil {
		kills = n
	}
	w := start(t)
	dir := t.TempDir()
	sessions := []mm.SessionID{w.session(0, mm.Exchange), w.session(0, mm.Teams), w.session(1, mm.Azure)}
	var asked, answered, success, died, other atomic.Int64
	var wg sync.WaitGroup
	done := make(chan struct{})
	for _, s := range sessions {
		for range 3 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					n := asked.Add(1)
					file := filepath.Join(dir, fmt.Sprint(n))
					o := w.run(s, fmt.Sprintf("[IO.File]::AppendAllText('%s', 'x'); %d", file, n))
					answered.Add(1)
					marks, _ := os.ReadFile(file)
					switch {
					case o.Status == mm.StatusSuccess:
						success.Add(1)
						if strings.TrimSpace(o.Output) != fmt.Sprint(n) || string(marks) != "x" {
							t.Errorf("request %d: output %q, executed %d times", n, o.Output, len(marks))
						}
					case o.Err != nil && o.Err.Code == mm.SessionDied && o.Err.Executed == mm.ExecutedMaybe:
						died.Add(1)
						if len(marks) > 1 {
							t.Errorf("request %d was executed %d times", n, len(marks))
						}
					default:
						other.Add(1)
						if len(marks) != 0 || o.Err != nil && o.Err.Executed != mm.ExecutedNo {
							t.Errorf("request %d was executed %d times, answered %s %v", n, len(marks), o.Status, o.Err)
						}
						time.Sleep(20 * time.Millisecond) // as a patient caller would
					}
				}
			})
		}
	}
	for n, turn := 0, 0; n < kills; turn++ {
		s := sessions[turn%len(sessions)]
		if st := w.status(s); st.State == mm.StateAuthenticated && syscall.Kill(st.PID, syscall.SIGKILL) == nil {
			n++
		}
		time.Sleep(time.Duration(50+n*37%100) * time.Millisecond) // spreads the moments
	}
	close(done)
	wg.Wait()
	if asked.Load() != answered.Load() || success.Load() == 0 || died.Load() == 0 {
		t.Errorf("asked %d, answered %d, success %d, died %d", asked.Load(), answered.Load(), success.Load(), died.Load())
	}
	t.Logf("%d kills: asked %d, answered %d: %d ran, %d died under way, %d were told to wait or to sign in",
		kills, asked.Load(), answered.Load(), success.Load(), died.Load(), other.Load())
}

func TestACommandIsCancelledAndTheSessionStaysSignedIn(t *testing.T) {
	w := start(t)
	s := w.session(0, mm.Exchange)
	for _, c := range []struct {
		text  string
		stays bool
	}{
		{"Start-Sleep 60", true},
		{"while ($true) {}", true},
		{"sleep 60", true},
		{"sh -c 'sleep 60; true'", true},
		{"[Threading.Thread]::Sleep(60000)", false},
	} {
		t.Run(c.text, func(t *testing.T) {
			w.signIn(s)
			pid := w.status(s).PID
			began := make(chan struct{})
			outcome := make(chan mm.Outcome, 1)
			go func() {
				var once sync.Once
				outcome <- w.Run(t.Context(), mm.Command{Session: s, RequestID: c.text, Text: "Write-Warning 'begins'; " + c.text},
					func([]mm.Record) { once.Do(func() { close(began) }) })
			}()
			<-began
			asked := time.Now()
			if ok, err := w.Cancel(t.Context(), c.text); !ok || err != nil {
				t.Fatal(ok, err)
			}
			o := <-outcome
			t.Logf("answered %s after the cancel: %v", time.Since(asked).Round(time.Millisecond), o.Err)
			if o.Err == nil || o.Err.Code != mm.Cancelled || o.Err.Executed != mm.ExecutedMaybe {
				t.Errorf("%+v %v", o.Status, o.Err)
			}
			if !c.stays {
				return
			}
			if o := w.run(s, "'still here'"); strings.TrimSpace(o.Output) != "still here" || w.status(s).PID != pid {
				t.Errorf("%s %q %v", o.Status, o.Output, o.Err)
			}
		})
	}
}
