//go:build unix

package persistence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	mm "github.com/microsoft-master/mm"
	"go.uber.org/goleak"
)

// What the test binary does where it plays another process.
const (
	playEnv = "MM_TEST_PLAY"
	dirEnv  = "MM_TEST_DIR"
)

func TestMain(m *testing.M) {
	play := map[string]func(dir string) error{"refresh": refreshOften, "save": saveForever, "full": saveTooMuch}[os.Getenv(playEnv)]
	if play == nil {
		goleak.VerifyTestMain(m)
		return
	}
	if err := play(os.Getenv(dirEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// program prepares another process, which begins when its input ends.
func program(t *testing.T, play, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), playEnv+"="+play, dirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

const rounds = 1000

// A chain is a cache whose refresh token rotates: whoever redeems it makes the next, and its use is noted by the server, here
// a folder with a file for each token that was redeemed.
type chain struct {
	Token int            `json:"token"`
	Log   map[string]int `json:"log"` // rounds of each process
}

// refreshOften is a process that refreshes rounds times.
func refreshOften(dir string) error {
	_, _ = io.Copy(io.Discard, os.Stdin)
	s, err := NewTokens(TokenOptions{Dir: filepath.Join(dir, "tokens")})
	if err != nil {
		return err
	}
	c := connection("Contoso-GA")
	me := strconv.Itoa(os.Getpid())
	for range rounds {
		if err := refreshOnce(s, c, me, filepath.Join(dir, "redeemed")); err != nil {
			return err
		}
	}
	return nil
}

func refreshOnce(s *Tokens, c mm.Connection, me, server string) (err error) {
	h, err := s.Open(context.Background(), c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	b, err := h.Load()
	if err != nil {
		return err
	}
	cache := chain{Log: map[string]int{}}
	if b != nil {
		if err := json.Unmarshal(b, &cache); err != nil {
			return err
		}
	}
	// Redeeming a token a second time is what must not happen: O_EXCL fails then.
	f, err := os.OpenFile(filepath.Join(server, strconv.Itoa(cache.Token)), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	cache.Token++
	cache.Log[me]++
	if b, err = json.Marshal(cache); err != nil {
		return err
	}
	return h.Save(b)
}

func TestTwoProcessesRefreshAThousandTimesAtOnceAndLoseNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "redeemed"), 0o700); err != nil {
		t.Fatal(err)
	}
	var both []*exec.Cmd
	var start []io.Closer
	for range 2 {
		cmd := program(t, "refresh", dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		both, start = append(both, cmd), append(start, in)
	}
	for _, in := range start {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, cmd := range both {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process: %v", err)
		}
	}
	s := newTokens(t, TokenOptions{Dir: filepath.Join(dir, "tokens")})
	var cache chain
	if err := json.Unmarshal([]byte(load(t, s, connection("Contoso-GA"))), &cache); err != nil {
		t.Fatal(err)
	}
	if cache.Token != 2*rounds || len(cache.Log) != 2 {
		t.Errorf("token %d, rounds %v", cache.Token, cache.Log)
	}
	for process, n := range cache.Log {
		if n != rounds {
			t.Errorf("process %s did %d rounds", process, n)
		}
	}
}

// record is a cache that tells whether it is whole.
func record(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%08d,", i), 10_000) }

// saveForever is a process that saves until it is killed. It prints a dot for each time.
func saveForever(dir string) error {
	s, err := NewTokens(TokenOptions{Dir: dir})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		h, err := s.Open(context.Background(), connection("Contoso-GA"))
		if err != nil {
			return err
		}
		if err := errors.Join(h.Save(record(i)), h.Close()); err != nil {
			return err
		}
		fmt.Print(".")
	}
}

func TestAProcessThatIsKilledWhileItSavesLeavesAWholeCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	s := newTokens(t, TokenOptions{Dir: dir})
	aside := 0
	for kill := range 60 {
		cmd := program(t, "save", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// After a few of its rounds, at another point of one each time.
		if _, err := io.ReadFull(out, make([]byte, 1+kill%4)); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // says that it was killed
		if _, err := os.Stat(filepath.Join(dir, cacheName(connection("Contoso-GA"))+".new")); err == nil {
			aside++
		}
		got := load(t, s, connection("Contoso-GA"))
		i, err := strconv.Atoi(strings.SplitN(got, ",", 2)[0])
		if err != nil || got != string(record(i)) {
			t.Fatalf("kill %d: the cache has %d bytes, %v", kill, len(got), err)
		}
	}
	for _, name := range names(t, s) {
		if strings.Contains(name, damagedSuffix) {
			t.Errorf("%s was set aside", name)
		}
	}
	if got := names(t, s); len(got) > 2 {
		t.Errorf("killed processes left %v", got)
	}
	t.Logf("%d of 60 kills came while a cache was being written", aside)
}

// saveTooMuch is a process whose disk is full: a limit of the size of its files stands for that.
func saveTooMuch(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := NewTokens(TokenOptions{Dir: dir})
	if err != nil {
		return err
	}
	h, err := s.Open(context.Background(), connection("Contoso-GA"))
	if err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 10_000, Max: 10_000}); err != nil {
		return err
	}
	err = h.Save(record(2))
	if e, ok := errors.AsType[*mm.Error](err); !ok || !strings.Contains(e.Remedy, "intact") {
		return fmt.Errorf("got %v", err)
	}
	return h.Close()
}

func TestAFullDiskLeavesTheOldCache(t *testing.T) {
	s := newTokens(t, TokenOptions{})
	c := connection("Contoso-GA")
	save(t, s, c, "old")
	if err := program(t, "full", s.dir).Run(); err != nil {
		t.Error(err)
	}
	if got := load(t, s, c); got != "old" || len(names(t, s)) != 1 {
		t.Errorf("got %q, files %v", got, names(t, s))
	}
}

func TestManyStoresThatStartAtOnceMakeOneKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	keys := make(chan string)
	for range 20 {
		go func() {
			s, err := NewTokens(TokenOptions{Dir: dir})
			if err == nil {
				err = s.prepare()
			}
			var key []byte
			if err == nil {
				key, err = s.theKey(context.Background())
			}
			if err != nil {
				t.Error(err)
			}
			keys <- string(key)
		}()
	}
	first := <-keys
	for range 19 {
		if next := <-keys; next != first || len(first) != keySize {
			t.Errorf("a key of %d bytes, and another", len(next))
		}
	}
}
