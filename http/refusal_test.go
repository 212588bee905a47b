package http_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
)

// sendAll sends n bytes before it reads anything, as simple clients do. An error while it does is a reset.
func sendAll(c io.Writer, n int) error {
	piece := bytes.Repeat([]byte(" "), 64<<10)
	for n > 0 {
		m, err := c.Write(piece[:min(n, len(piece))])
		n -= m
		if err != nil {
			return err
		}
	}
	return nil
}

func TestABodyOverTheLimitIsRefusedWhateverItsSize(t *testing.T) {
	s := serve(t, anyPool())
	for _, network := range networks {
		for _, size := range []int{1<<20 + 1, 4 << 20, 5 << 20, 100 << 20} {
			for kind, head := range map[string]string{
				"of a known size": fmt.Sprintf("Content-Length: %d\r\n\r\n", size),
				"in one chunk":    fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", size),
			} {
				t.Run(fmt.Sprintf("%s of %d bytes %s", network, size, kind), func(t *testing.T) {
					c := s.dial(t, network)
					c.send(t, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+head)
					if err := sendAll(c, size); err != nil {
						t.Fatalf("while it sent: %v", err)
					}
					a := c.answer(t)
					if a.status != 413 || !a.last {
						t.Errorf("%d %s", a.status, a.body)
					}
					refused(t, a.body, mm.BadRequest)
					c.ended(t)
				})
			}
		}
	}
}

func TestManySmallChunksAreABodyTooLargeToo(t *testing.T) {
	s := serve(t, anyPool())
	c := s.dial(t, "tcp")
	c.send(t, "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
	c.send(t, strings.Repeat("400\r\n"+strings.Repeat(" ", 1024)+"\r\n", 3000)+"0\r\n\r\n")
	if a := c.answer(t); a.status != 413 {
		t.Errorf("%d %s", a.status, a.body)
	}
	c.ended(t)
}

func TestABodyInChunksIsRead(t *testing.T) {
	s := serve(t, anyPool())
	c := s.dial(t, "tcp")
	c.send(t, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "+token+
		"\r\nTransfer-Encoding: chunked\r\n\r\n")
	for _, piece := range []string{runBody[:10], runBody[10:]} {
		c.send(t, fmt.Sprintf("%x;x=y\r\n%s\r\n", len(piece), piece))
	}
	c.send(t, "0\r\nX-Trailer: x\r\n\r\n"+get("/health"))
	for range 2 {
		if a := c.answer(t); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func TestAClientThatAsksBeforeItSendsIsAnsweredByTheHeaders(t *testing.T) {
	s := serve(t, anyPool())
	const kind, expect, auth = "Content-Type: application/json\r\n", "Expect: 100-continue\r\n", "Authorization: Bearer " + token + "\r\n"
	for name, test := range map[string]struct {
		head   string
		status int
	}{
		"too large":           {"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n" + kind + auth, 413},
		"without the token":   {"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + kind, 401},
		"for another host":    {"POST /run HTTP/1.1\r\nHost: evil\r\nContent-Length: 2\r\n" + kind + auth, 403},
		"an unknown path":     {"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + kind + auth, 404},
		"the wrong method":    {"PUT /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + kind + auth, 405},
		"text":                {"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + auth, 415},
		"in chunks, but text": {"POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" + auth, 415},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.dial(t, "tcp")
			c.send(t, test.head+expect+"\r\n")
			if a := c.answer(t); a.status != test.status || !a.last || a.header.Get("Mm-Instance") == "" {
				t.Errorf("%d %s %v", a.status, a.body, a.header)
			}
			c.ended(t)
		})
	}
	for _, network := range networks {
		c := s.dial(t, network)
		c.send(t, fmt.Sprintf("POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s%s%s\r\n", len(runBody), kind, auth, expect))
		if line, err := c.r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q %v", line, err)
		}
		if line, err := c.r.ReadString('\n'); err != nil || line != "\r\n" {
			t.Fatalf("%q %v", line, err)
		}
		c.send(t, runBody+get("/health"))
		for range 2 {
			if a := c.answer(t); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	}
}

func TestARequestThatDoesNotArriveIsAnsweredInTime(t *testing.T) {
	s := serveLimited(t, anyPool(), http.Limits{Read: 50 * time.Millisecond})
	whole := post("/run", runBody)
	for name, part := range map[string]string{
		"one byte": "P", "half a line": "POST /ru", "half the headers": whole[:60], "no body": whole[:len(whole)-len(runBody)],
		"half a body":                  whole[:len(whole)-3],
		"half a chunk":                 "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
		"no chunk":                     "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
		"no more of a kept connection": get("/health") + "GET",
	} {
		t.Run(name, func(t *testing.T) {
			for _, network := range networks {
				c := s.dial(t, network)
				c.send(t, part)
				a := c.answer(t)
				if strings.HasPrefix(part, "GET") {
					a = c.answer(t)
				}
				if a.status != 408 || !strings.Contains(a.body, "within 50ms") {
					t.Errorf("%s: %d %s", network, a.status, a.body)
				}
				refused(t, a.body, mm.BadRequest)
				c.halfClose(t)
				c.ended(t)
			}
		})
	}
}

func TestAClientThatSaysNothingIsLeftInSilence(t *testing.T) {
	s := serveLimited(t, anyPool(), http.Limits{Read: 30 * time.Millisecond, Idle: 30 * time.Millisecond})
	for _, network := range networks {
		s.dial(t, network).ended(t)
		kept := s.dial(t, network)
		kept.send(t, get("/health"))
		kept.answer(t)
		kept.ended(t)
	}
}

func TestAClientThatHasSaidAllStillGetsItsAnswer(t *testing.T) {
	p := anyPool()
	s := serve(t, p)
	for _, network := range networks {
		c := s.dial(t, network)
		c.send(t, post("/run", runBody)+get("/status"))
		c.halfClose(t)
		for range 2 {
			if a := c.answer(t); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		c.ended(t)

		chunked := "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
		for _, half := range []string{post("/run", runBody)[:100], post("/run", runBody)[:180], chunked, chunked + "2", chunked + "2\r\n{}\r\n"} {
			c = s.dial(t, network)
			c.send(t, half)
			c.halfClose(t)
			if a := c.answer(t); a.status != 400 {
				t.Errorf("%q: %d %s", half, a.status, a.body)
			}
			c.ended(t)
		}
	}
}

func TestWhatIsNoHTTPIsRefusedInJSON(t *testing.T) {
	s := serve(t, anyPool())
	for name, text := range map[string]string{
		"a word":                 "hello\r\n\r\n",
		"TLS":                    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"no host":                "GET /health HTTP/1.1\r\n\r\n",
		"two hosts":              "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
		"two lengths":            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
		"a length below zero":    "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"a length that is none":  "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: two\r\n\r\n{}",
		"a length without bound": "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
		"an unknown coding":      "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n{}",
		"broken chunks":          "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"a chunk below zero":     "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
		"a chunk without bound":  "POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
		"no target":              "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a NUL in the target":    "GET /he\x00alth HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a header without colon": "GET /health HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n",
		"another version":        "GET /health HTTP/2\r\nHost: localhost\r\n\r\n",
		"the preface of HTTP/2":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, network := range networks {
				c := s.dial(t, network)
				c.send(t, text)
				c.halfClose(t)
				a := c.answer(t)
				if a.status != 400 || a.header.Get("Mm-Instance") == "" {
					t.Errorf("%s: %d %s", network, a.status, a.body)
				}
				refused(t, a.body, mm.BadRequest)
				c.ended(t)
			}
		})
	}
}

func TestAClientThatNeverReadsItsAnswerIsGivenUp(t *testing.T) {
	p := anyPool()
	p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
		o := atOnce(ctx, cmd, nil)
		o.Output = strings.Repeat("0123456789", 3<<20)
		return o
	}
	s := serveLimited(t, p, http.Limits{Stall: 50 * time.Millisecond})
	for _, network := range networks {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			c := s.dial(t, network)
			c.send(t, post("/run", runBody, "Accept: "+accept))
			if _, err := c.r.Peek(1); err != nil { // the answer is under way
				t.Fatal(err)
			}
			untilOpen(t, s, 0)
			if n, err := io.Copy(io.Discard, c.r); n >= 30<<20 {
				t.Errorf("it got all %d bytes, %v", n, err)
			}
		}
	}
}

// untilOpen waits until the server has n connections open.
func untilOpen(t testing.TB, s served, n int) {
	t.Helper()
	for end := time.Now().Add(patience); s.Open() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open", s.Open())
		}
	}
}
