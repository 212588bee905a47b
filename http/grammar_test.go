package http_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A grammar writes requests that are more or less broken. The same seed writes the same ones.
type grammar struct{ *rand.Rand }

func newGrammar(seed uint64) grammar { return grammar{rand.New(rand.NewPCG(seed, 0))} }

// one is one of the choices; mostly the first, so that most requests have few defects and get far.
func (g grammar) one(choices ...string) string {
	if g.IntN(5) > 0 {
		return choices[0]
	}
	return choices[g.IntN(len(choices))]
}

// chance is true once in n times.
func (g grammar) chance(n int) bool { return g.IntN(n) == 0 }

// connection is all that one client sends.
func (g grammar) connection() []byte {
	text := []byte(g.request())
	for g.chance(4) {
		text = append(text, g.request()...)
	}
	if g.chance(4) {
		for range 1 + g.IntN(8) {
			text = g.mutated(text)
		}
	}
	return text
}

func (g grammar) request() string {
	end := "\r\n"
	if g.chance(64) {
		end = g.one("\n", "\r", "\n\r", "\r\r\n", "")
	}
	method := g.one("POST", "GET", "GET", "HEAD", "OPTIONS", "PUT", "TRACE", "CONNECT", "post", "P OST", "", "PRI", "GET\x00", "Ü",
		strings.Repeat("X", 300))
	version := "HTTP/1.1"
	if g.chance(8) {
		version = g.one("HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/11", "", "HTTP/1.1 x")
	}
	head, body := g.framed(g.body())
	lines := []string{method + " " + g.target() + " " + version}
	lines = append(lines, g.headers()...)
	lines = append(lines, head...)
	g.Shuffle(len(lines)-1, func(i, j int) { lines[i+1], lines[j+1] = lines[j+1], lines[i+1] })
	return strings.Join(lines, end) + end + end + body
}

func (g grammar) target() string {
	return g.one("/run", "/reset", "/cancel", "/stop", "/status", "/health", "/metrics", "/connections", "/version", "/", "*", "",
		"/run/", "//run", "/%72un", "/run?x=y", "/run#x", "/x/../run", "/..%2frun", "/run%00", "/%zz", "/\xff", "/r un", "run",
		"http://localhost/run", "http://evil/run", "http://a@localhost/run", "http://", "://", "/"+strings.Repeat("x", g.IntN(10_000)))
}

func (g grammar) headers() []string {
	lines := []string{"Host: " + g.one("localhost", "127.0.0.1:5200", "[::1]", "evil", "", "localhost:x", "a b", "[::1", "\xff")}
	if g.chance(16) {
		lines = append(lines, lines[0])
	}
	if g.chance(32) {
		lines = nil
	}
	lines = append(lines, "Content-Type: "+g.one("application/json", "application/json; charset=utf-8", "text/plain", "",
		"application/json; charset=utf-16", "multipart/form-data; boundary=x", "\x00"))
	lines = append(lines, "Authorization: "+g.one("Bearer "+token, "bearer  "+token, "Bearer", "Basic x", token, ""))
	for g.chance(4) {
		lines = append(lines, g.one("Connection: keep-alive", "Accept: text/event-stream", "Expect: 100-continue", "Connection: close",
			"Origin: http://evil", "Mm-Instance: x", "Content-Encoding: gzip", "Upgrade: websocket", "X", ": x", "X : y", " folded", "\tfolded",
			"X: \x00", "X: \xff", "Cookie: "+strings.Repeat("c", g.IntN(9000)), "Expect: other", "Trailer: Content-Length", "Content-Length: 0"))
	}
	return lines
}

// framed is a body as it is sent, and the headers that say how.
func (g grammar) framed(body string) (headers []string, sent string) {
	length := fmt.Sprintf("Content-Length: %d", len(body))
	if g.chance(4) {
		size := g.one("%x", "%x;a=b", "%X", "0%x", "%x ", "-%x", "+%x", "0x%x", "%xg", "ffffffffffffff%x", "")
		last := g.one("0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "", "0\r\n", "0;x\r\n\r\n")
		headers = []string{g.one("Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: gzip, chunked",
			"Transfer-Encoding: identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding : chunked", "Transfer-Encoding: \x0bchunked")}
		if g.chance(8) {
			headers = append(headers, length)
		}
		if strings.Contains(size, "%") {
			size = fmt.Sprintf(size, len(body))
		}
		return headers, size + "\r\n" + body + g.one("\r\n", "\n", "", "xx") + last
	}
	if g.chance(8) {
		length = "Content-Length: " + g.one(fmt.Sprint(len(body)+5), fmt.Sprint(max(0, len(body)-5)), "-1", "x", "", "0x10", "+5", "5 5", "5,5",
			"99999999999999999999", "1048577", "18446744073709551617")
	}
	return []string{length}, body
}

func (g grammar) body() string {
	if g.chance(2) {
		return runBody
	}
	if g.chance(400) {
		return runBody + strings.Repeat(" ", g.IntN(3<<20))
	}
	value := func() string {
		return g.one(`"C"`, `"exo"`, `"x"`, `""`, `null`, `1`, `1e400`, `-0.5`, `true`, `[]`, `{}`, `["x"]`, `{"a":1}`, `"\ud800"`, `"\u0000"`, "\"\xff\"",
			"\"\n\"", `"\x"`, `NaN`, strings.Repeat("[", g.IntN(20_000)), `"`+strings.Repeat("x", g.IntN(300))+`"`)
	}
	if g.chance(4) {
		return g.one(value(), "", " ", "\ufeff"+runBody, runBody+runBody, "{", "}", "{]", "\xff\xfe{\x00", "connection=C", "<x/>")
	}
	var b strings.Builder
	b.WriteString("{")
	for i := range g.IntN(6) {
		if i > 0 {
			b.WriteString(g.one(",", ",,", ""))
		}
		fmt.Fprintf(&b, "%s%s%s", g.one(`"connection"`, `"module"`, `"command"`, `"request_id"`, `"timeout_seconds"`, `"format"`, `"width"`, `"drain_seconds"`,
			`"if_idle"`, `"COMMAND"`, `"x"`, `x`, `1`), g.one(":", "=", ""), value())
	}
	return b.String() + g.one("}", "", "]", ",}")
}

// mutated is text with one change somewhere.
func (g grammar) mutated(text []byte) []byte {
	if len(text) == 0 {
		return []byte{byte(g.Uint32())}
	}
	at := g.IntN(len(text))
	switch to := at + g.IntN(min(len(text)-at, 40)+1); g.IntN(6) {
	case 0:
		text[at] = byte(g.Uint32())
	case 1:
		text[at] ^= 1 << g.IntN(8)
	case 2: // a part is lost
		return append(text[:at:at], text[to:]...)
	case 3: // a part comes twice
		return append(bytes.Clone(text[:to]), text[at:]...)
	case 4: // the rest is lost
		return text[:at]
	default: // something comes in between
		return append(append(bytes.Clone(text[:at]), g.one("\r\n", "\n", "\x00", " ", ":", "0", "\r\n\r\n", "\"", "{", "\xff")...), text[at:]...)
	}
	return text
}
