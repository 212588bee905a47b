package http_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	nethttp "net/http"
	"net/http/httputil"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
	"go.uber.org/goleak"
)

// A counted pool does whatever it is asked for, and counts it by path.
type counted struct{ run, reset, cancel, stop atomic.Int64 }

func (c *counted) pool() *pool {
	p := anyPool()
	run, reset := p.run, p.reset
	p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
		c.run.Add(1)
		return run(ctx, cmd, progress)
	}
	p.reset = func(name string, m mm.Module) ([]mm.SessionID, error) { c.reset.Add(1); return reset(name, m) }
	p.cancel = func(string) (bool, error) { c.cancel.Add(1); return true, nil }
	p.stop = func(mm.StopRequest) error { c.stop.Add(1); return nil }
	return p
}

// done returns what was done since the last time.
func (c *counted) done() map[string]int {
	return map[string]int{"/run": int(c.run.Swap(0)), "/reset": int(c.reset.Swap(0)), "/cancel": int(c.cancel.Swap(0)), "/stop": int(c.stop.Swap(0))}
}

// statuses are those that a client can bring about.
var statuses = []int{200, 400, 401, 403, 404, 405, 413, 415, 431, 503, 505}

// throw sends text to a door, says that this is all, and returns the statuses of the answers. They are well-formed HTTP with
// JSON in them, and the pool did nothing that net/http does not see in text as well.
func (s served) throw(network string, text []byte, did *counted) ([]int, error) {
	address := s.socket
	if network == "tcp" {
		address = strings.TrimPrefix(s.url, "http://")
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(text)
		sent <- errors.Join(err, conn.(interface{ CloseWrite() error }).CloseWrite())
	}()
	all, err := io.ReadAll(conn)
	if err := errors.Join(err, <-sent); err != nil {
		return nil, fmt.Errorf("%w after %q", err, all)
	}
	got, successes, err := answersIn(all)
	if err != nil {
		return got, fmt.Errorf("%w in %q", err, all)
	}
	if len(got) == 0 && len(bytes.Trim(text, "\r\n")) > 0 {
		return got, errors.New("no answer")
	}
	allowed, total := asked(network, text), 0
	for path, n := range did.done() {
		total += n
		if n > allowed[path] {
			return got, fmt.Errorf("%d calls of %s, want at most %d", n, path, allowed[path])
		}
	}
	if total != successes {
		return got, fmt.Errorf("%d successes for %d calls", successes, total)
	}
	return got, nil
}

// answersIn reads the answers in what a server sent, and counts those that tell of a success.
func answersIn(all []byte) (got []int, successes int, err error) {
	r := bufio.NewReader(bytes.NewReader(all))
	for {
		if _, err := r.Peek(1); err != nil {
			return got, successes, nil
		}
		resp, err := nethttp.ReadResponse(r, &nethttp.Request{Method: "HEAD"}) // leaves the body to us
		if err != nil {
			return got, successes, err
		}
		if resp.StatusCode == 100 {
			continue
		}
		got = append(got, resp.StatusCode)
		var body []byte
		if next, _ := r.Peek(5); string(next) == "HTTP/" || len(next) == 0 {
			continue // of a HEAD
		}
		if slices.Contains(resp.TransferEncoding, "chunked") {
			if body, err = io.ReadAll(httputil.NewChunkedReader(r)); err == nil {
				_, err = r.Discard(2)
			}
			_, body, _ = bytes.Cut(body, []byte("event: result\ndata: "))
		} else {
			length, _ := strconv.Atoi(resp.Header.Get("Content-Length"))
			body = make([]byte, length)
			_, err = io.ReadFull(r, body)
		}
		if err != nil || !json.Valid(body) || !slices.Contains(statuses, resp.StatusCode) || resp.Header.Get("Mm-Instance") == "" {
			return got, successes, fmt.Errorf("an answer of %d with %q: %v", resp.StatusCode, body, err)
		}
		if bytes.HasPrefix(body, []byte(`{"status":"success"`)) {
			successes++
		}
	}
}

// asked is what net/http and encoding/json find in text of what may be done, by path.
func asked(network string, text []byte) map[string]int {
	text = bytes.TrimLeft(text, "\r\n")
	// To fasthttp a coding that HTTP/1.1 once had is none, and a broken escape is itself; to net/http both are errors.
	text = []byte(strings.NewReplacer("Transfer-Encoding: identity", "X: identity", "%72", "r", "%2f", "/", "%", "_").Replace(string(text)))
	r := bufio.NewReader(bytes.NewReader(text))
	all := map[string]int{}
	for {
		req, err := nethttp.ReadRequest(r)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return all
		}
		host, _, _ := strings.Cut(strings.ToLower(req.Host), ":")
		host = strings.TrimSuffix(host, ".")
		scheme, key, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		may := network == "unix" || strings.EqualFold(scheme, "bearer") && strings.TrimSpace(key) == token && req.Header.Get("Origin") == "" &&
			(host == "localhost" || strings.HasPrefix(host, "127.") || host == "[" || host == "" && req.ProtoMinor == 0)
		kinds := strings.ToLower(strings.Join(req.Header["Content-Type"], " "))
		may = may && req.Method == "POST" && len(body) <= 1<<20 && (len(body) == 0 || strings.Contains(kinds, "application/json"))
		target, _, _ := strings.Cut(req.URL.Path, "#") // which no client sends, net/http keeps, and fasthttp drops
		if target = path.Clean("/" + target); may && meant(target, body) {
			all[target]++
		}
	}
}

// meant reports whether body is a request of that path.
func meant(path string, body []byte) bool {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	var v struct {
		Connection, Module, Command string
		RequestID                   string `json:"request_id"`
	}
	if len(bytes.TrimSpace(body)) > 0 {
		err := json.Unmarshal(body, &v)
		if _, other := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !other { // that may be a field of another path
			return false
		}
	}
	if !utf8.Valid(body) {
		return false
	}
	switch path {
	case "/run":
		_, known := mm.ParseModule(v.Module)
		return v.Connection != "" && known && v.Command != ""
	case "/reset":
		return v.Connection != ""
	case "/cancel":
		return v.RequestID != ""
	}
	return path == "/stop"
}

// TestNoRequestHoweverBrokenHarmsTheServer throws MM_FUZZ broken requests at both doors, 3,000 where it is not set.
func TestNoRequestHoweverBrokenHarmsTheServer(t *testing.T) {
	n := 3000
	if text := os.Getenv("MM_FUZZ"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	files := openFiles()
	did := &counted{}
	s := serve(t, did.pool())
	g, start := newGrammar(1), time.Now()
	counts := map[int]int{}
	for i := range n {
		network := networks[i%2]
		text := g.connection()
		got, err := s.throw(network, text, did)
		if err != nil {
			t.Fatalf("request %d over %s, %q: %v", i, network, text, err)
		}
		for _, status := range got {
			counts[status]++
		}
		if len(got) == 0 {
			counts[0]++
		}
		if i%100 == 0 {
			if got, err := s.throw(network, []byte(post("/run", runBody)), did); err != nil || !slices.Equal(got, []int{200}) {
				t.Fatalf("after request %d a good one gets %v %v", i, got, err)
			}
		}
	}
	took := time.Since(start)
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%3d: %d", status, counts[status])
	}
	t.Logf("%d connections in %s; 0 stands for no answer: nothing but line ends was sent", n, took.Round(time.Millisecond))
	untilOpen(t, s, 0)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := goleak.Find(leaks...); err != nil {
		t.Error(err)
	}
	if now := openFiles(); now > files {
		t.Errorf("%d files were open, now %d", files, now)
	}
}

// openFiles counts the process's file descriptors, where the system shows them.
func openFiles() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// FuzzHTTP throws what the fuzzer thinks of at both doors.
func FuzzHTTP(f *testing.F) {
	g := newGrammar(2)
	for range 20 {
		f.Add(g.connection())
	}
	did := &counted{}
	s := serve(f, did.pool())
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, network := range networks {
			if _, err := s.throw(network, text, did); err != nil {
				t.Errorf("over %s: %v", network, err)
			}
		}
	})
}
