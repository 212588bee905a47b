package http_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// A caller is one connection to a door, for what net/http would not send.
type caller struct {
	net.Conn
	r *bufio.Reader
}

// dial connects to a door: "tcp" or "unix".
func (s served) dial(t testing.TB, network string) *caller {
	t.Helper()
	address := s.socket
	if network == "tcp" {
		address = strings.TrimPrefix(s.url, "http://")
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &caller{conn, bufio.NewReader(conn)}
}

// send sends text as it is.
func (c *caller) send(t testing.TB, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// An answered request: its status, its body and its header, and whether the connection is at its end with it.
type answered struct {
	status int
	body   string
	header nethttp.Header
	last   bool
}

// answer reads the next answer, which must have a JSON body.
func (c *caller) answer(t testing.TB) answered {
	t.Helper()
	a, err := c.read("POST")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *caller) read(method string) (answered, error) {
	resp, err := nethttp.ReadResponse(c.r, &nethttp.Request{Method: method})
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a := answered{resp.StatusCode, string(body), resp.Header, resp.Close}
	switch {
	case err != nil:
		return a, err
	case resp.Header.Get("Content-Type") != "application/json":
		return a, fmt.Errorf("content type %q of %d %q", resp.Header.Get("Content-Type"), a.status, a.body)
	case method != "HEAD" && !json.Valid(body):
		return a, fmt.Errorf("%d %q is no JSON", a.status, a.body)
	}
	return a, nil
}

// ended fails unless the server closes the connection, cleanly and without a further word.
func (c *caller) ended(t testing.TB) {
	t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

// halfClose ends what the caller says.
func (c *caller) halfClose(t testing.TB) {
	t.Helper()
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

// post is the text of a POST with the token.
func post(path, body string, header ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n%s\r\n%s",
		path, token, len(body), lines(header), body)
}

// get is the text of a GET.
func get(path string, header ...string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, lines(header))
}

func lines(header []string) string {
	if len(header) == 0 {
		return ""
	}
	return strings.Join(header, "\r\n") + "\r\n"
}

var networks = []string{"tcp", "unix"}
