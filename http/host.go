package http

import (
	"net"
	"net/netip"
	"strings"
)

// hostName returns the name or address in a Host header: in lower case, without port, brackets and the dot at its end. It
// reports false where the header is not of the form NAME[:PORT]; a page that rebinds its name could try to pass with another.
func hostName(header string) (string, bool) {
	name, port, bracketed := header, "", strings.HasPrefix(header, "[")
	if bracketed {
		end := strings.IndexByte(header, ']')
		if end < 0 {
			return "", false
		}
		name, port = header[1:end], header[end+1:]
	} else if i := strings.IndexByte(header, ':'); i >= 0 {
		name, port = header[:i], header[i:]
	}
	if port != "" && (port[0] != ':' || strings.Trim(port[1:], "0123456789") != "") {
		return "", false
	}
	if bracketed {
		addr, err := netip.ParseAddr(name)
		return name, err == nil && addr.Is6() && addr.Zone() == ""
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name, name != ""
}

// hostAllowed reports whether a Host header names this machine: localhost, a loopback address, the address that the
// connection came in at, or one of names. A page that rebinds its own name to this machine cannot send any of these.
func hostAllowed(header string, local net.Addr, names map[string]bool) bool {
	name, ok := hostName(header)
	if !ok {
		return false
	}
	if names[name] {
		return true
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	if addr.IsLoopback() || addr.Unmap().IsLoopback() {
		return true
	}
	tcp, ok := local.(*net.TCPAddr)
	return ok && addr.Unmap() == tcp.AddrPort().Addr().Unmap().WithZone("")
}

// sameOrigin reports whether an Origin header names the address that the request was sent to. mm serves no pages, so that
// only a person who looks at an answer in a browser can be of the same origin; every page, on whatever port of this machine,
// is of another.
func sameOrigin(origin, host string) bool {
	return strings.EqualFold(origin, "http://"+host) || strings.EqualFold(origin, "https://"+host)
}
