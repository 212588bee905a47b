package http

import (
	"net"
	"testing"
)

func TestTheNameInAHostHeader(t *testing.T) {
	for header, want := range map[string]string{
		"localhost": "localhost", "LocalHost:5200": "localhost", "localhost.": "localhost", "localhost.:80": "localhost", "localhost:": "localhost",
		"127.0.0.1:5200": "127.0.0.1", "[::1]": "::1", "[::1]:5200": "::1", "a.example": "a.example",
	} {
		if got, ok := hostName(header); got != want || !ok {
			t.Errorf("%s: %q %v", header, got, ok)
		}
	}
	for _, header := range []string{
		"", ":5200", ".", "::1", "[::1", "[::1]x", "[::1]5200", "[localhost]", "[127.0.0.1]", "[::1%25lo]", "[fe80::1%eth0]", "[]",
		"localhost:80@evil.example", "localhost:http", "localhost:80:80", "localhost:-1", "localhost: 80",
	} {
		if got, ok := hostName(header); ok {
			t.Errorf("%s is taken for %q", header, got)
		}
	}
}

func TestTheAddressThatAConnectionCameInAtIsThisMachine(t *testing.T) {
	local := &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 5200}
	for header, want := range map[string]bool{
		"192.0.2.7:5200": true, "192.0.2.7": true, "[::ffff:192.0.2.7]": true, "192.0.2.8": false, "0.0.0.0": false,
		"127.9.9.9": true, "[::ffff:127.0.0.1]": true, "[::1]": true, "2130706433": false, "0x7f.1": false, "127.1": false,
		"localhost": false, "mine:80": true, "notmine": false, "localhost@mine": false,
	} {
		if got := hostAllowed(header, local, map[string]bool{"mine": true}); got != want {
			t.Errorf("%s: %v", header, got)
		}
	}
	if !hostAllowed("[fe80::1]", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, nil) {
		t.Error("an address with a zone is not recognised")
	}
	if hostAllowed("192.0.2.7", &net.UnixAddr{Name: "/s"}, nil) {
		t.Error("a socket has no address")
	}
}

func TestOnlyTheAddressItselfIsOfTheSameOrigin(t *testing.T) {
	for origin, want := range map[string]bool{
		"http://localhost:5200": true, "https://localhost:5200": true, "HTTP://LOCALHOST:5200": true,
		"": false, "null": false, "http://localhost": false, "http://localhost:3000": false, "http://127.0.0.1:5200": false,
		"http://evil.example": false, "http://localhost:5200.evil.example": false, "http://evil@localhost:5200": false, "localhost:5200": false,
	} {
		if got := sameOrigin(origin, "localhost:5200"); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
}
