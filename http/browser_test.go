package http_test

import (
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// ofBrowsers fails where an answer invites a page of another origin to read it.
func ofBrowsers(t *testing.T, a answered) {
	t.Helper()
	for key := range a.header {
		if strings.HasPrefix(key, "Access-Control-") {
			t.Errorf("%s: %s", key, a.header.Get(key))
		}
	}
}

func TestNoPageOfABrowserReadsOrPosts(t *testing.T) {
	s := serve(t, anyPool())
	auth := "Authorization: Bearer " + token
	for _, origin := range []string{"http://evil.example", "null", "http://localhost", "http://localhost:3000", "http://127.0.0.1:5200",
		"https://evil.example:5200", "chrome-extension://abc", "http://localhost:5200\r\nOrigin: http://evil.example", ""} {
		for name, text := range map[string]string{
			"a read":              "GET /status HTTP/1.1\r\n",
			"a read of health":    "GET /health HTTP/1.1\r\n",
			"a read with token":   "GET /status HTTP/1.1\r\n" + auth + "\r\n",
			"a post with token":   "POST /run HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n" + auth + "\r\n",
			"a simple post":       "POST /run HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n",
			"a question before":   "OPTIONS /run HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n",
			"a private network's": "OPTIONS /run HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Private-Network: true\r\n",
		} {
			t.Run(fmt.Sprintf("%s from %q", name, origin), func(t *testing.T) {
				c := s.dial(t, "tcp")
				c.send(t, text+"Host: localhost:5200\r\nOrigin: "+origin+"\r\n\r\n")
				a := c.answer(t)
				if a.status != 403 {
					t.Errorf("%d %s", a.status, a.body)
				}
				refused(t, a.body, mm.Unauthorized)
				ofBrowsers(t, a)
			})
		}
	}
	c := s.dial(t, "tcp")
	c.send(t, "GET /status HTTP/1.1\r\nHost: localhost:5200\r\nOrigin: http://localhost:5200\r\n\r\n")
	if a := c.answer(t); a.status != 200 {
		t.Errorf("of the same origin: %d %s", a.status, a.body)
	} else {
		ofBrowsers(t, a)
	}
}

func TestAQuestionBeforeAPostIsRefusedWhereverItComesFrom(t *testing.T) {
	s := serve(t, anyPool())
	for network, header := range map[string]string{"tcp": "Authorization: Bearer " + token + "\r\n", "unix": ""} {
		for target, want := range map[string]int{"/run": 405, "/status": 405, "*": 404, "/none": 404} {
			c := s.dial(t, network)
			c.send(t, "OPTIONS "+target+" HTTP/1.1\r\nHost: localhost\r\n"+header+"Access-Control-Request-Method: POST\r\n\r\n")
			a := c.answer(t)
			if a.status != want {
				t.Errorf("%s %s: %d %s", network, target, a.status, a.body)
			}
			ofBrowsers(t, a)
		}
	}
}

func TestTheTargetOfARequestCannotNameAnotherHost(t *testing.T) {
	s := serve(t, anyPool())
	for line, want := range map[string]int{
		"GET http://localhost/health HTTP/1.1\r\nHost: localhost":           200,
		"GET http://127.0.0.1:5200/health HTTP/1.1\r\nHost: localhost":      200,
		"GET http://me@localhost/health HTTP/1.1\r\nHost: localhost":        200,
		"GET http://evil/health HTTP/1.1\r\nHost: localhost":                403,
		"GET http://localhost/health HTTP/1.1\r\nHost: evil":                403,
		"GET http://localhost@evil/health HTTP/1.1\r\nHost: localhost":      403,
		"GET http://localhost:5200@evil/health HTTP/1.1\r\nHost: localhost": 403,
		"GET https://evil/health HTTP/1.1\r\nHost: localhost":               403,
		"GET http://evil/health HTTP/1.0":                                   403,
		"GET /health HTTP/1.1\r\nHost: localhost:80@evil":                   403,
		"GET /health HTTP/1.1\r\nHost: evil@localhost":                      403,
		"GET /health HTTP/1.1\r\nHost: localhost, evil":                     400,
		"GET //evil/health HTTP/1.1\r\nHost: localhost":                     404,
		"GET /http://evil/health HTTP/1.1\r\nHost: localhost":               404,
		"CONNECT evil:443 HTTP/1.1\r\nHost: localhost":                      401,
		"CONNECT localhost:5200 HTTP/1.1\r\nHost: localhost":                401,
	} {
		c := s.dial(t, "tcp")
		c.send(t, line+"\r\n\r\n")
		if a := c.answer(t); a.status != want {
			t.Errorf("%q: %d %s", line, a.status, a.body)
		}
	}
}
