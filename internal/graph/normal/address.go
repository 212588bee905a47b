package normal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// An address reads what somebody wrote for the place of a request.
type address struct {
	base      string // scheme and host that it must have, without a slash at its end
	versioned bool   // Graph's have a version, Power Automate's none
}

// A target is where a request goes.
type target struct {
	url     string // absolute
	path    string // for judging
	version string
}

func (a address) parse(written string) (target, *mm.Error) {
	written = strings.Trim(written, " ")
	if err := checkText(written); err != nil {
		return target{}, err
	}
	rest, absolute, err := a.afterHost(written)
	if err != nil {
		return target{}, err
	}
	rawPath, rawQuery, hasQuery := strings.Cut(rest, "?")
	if absolute && strings.Contains(rest, "#") {
		return target{}, refuse("Leave out what follows the #, or write it as %23.", "The address has a fragment.")
	}
	segments, err := readPath(rawPath)
	if err != nil {
		return target{}, err
	}
	var t target
	if a.versioned {
		t.version, segments = cutVersion(segments)
		t.url = "/" + t.version
	}
	for _, s := range segments {
		t.url += "/" + s.sent
	}
	if len(segments) == 0 {
		return target{}, refuse("Name one: /me, or /users.", "The endpoint has no path.")
	}
	t.url = a.base + t.url
	if hasQuery && rawQuery != "" {
		t.url += "?" + sentQuery(rawQuery, absolute)
	}
	if len(t.url) > MaxURL {
		return target{}, refuse("Ask for less in one request: a shorter $filter or $select, or a $batch.",
			"The address has %d bytes; it can have %d.", len(t.url), MaxURL)
	}
	t.path = judged(segments, a.versioned)
	return t, nil
}

func checkText(s string) *mm.Error {
	switch {
	case s == "":
		return refuse("Give a path: /me, or /users?$top=5.", "The endpoint is empty.")
	case len(s) > MaxURL:
		return refuse("Ask for less in one request.", "The endpoint has %d bytes; it can have %d.", len(s), MaxURL)
	case !validText(s):
		return refuse("Send it as UTF-8.", "The endpoint is not valid UTF-8.")
	case strings.ContainsFunc(s, control):
		return refuse("Write it in one line, without tabs.", "The endpoint holds a control character.")
	}
	for _, m := range methods {
		if head, _, ok := strings.Cut(s, " "); ok && strings.EqualFold(head, m) {
			return refuse("Put the method in its own parameter.", "The endpoint begins with a method.")
		}
	}
	return nil
}

// afterHost returns what follows the host, where the address is whole and its host is the right one; all of it otherwise.
func (a address) afterHost(written string) (rest string, absolute bool, err *mm.Error) {
	first := written[:len(written)-len(strings.TrimLeft(written, "/"))] // leading slashes
	head, _, _ := strings.Cut(written[len(first):], "/")
	head, _, _ = strings.Cut(head, "?")
	scheme, _, hasColon := strings.Cut(head, ":")
	if first != "" || !hasColon {
		host, _, _ := strings.Cut(strings.TrimPrefix(a.base, "https://"), ":")
		if strings.EqualFold(head, host) {
			return "", false, refuse("Begin with https://, or leave the host out.", "The endpoint begins with a host.")
		}
		return written, false, nil
	}
	if !strings.EqualFold(scheme, "https") || len(written) < 8 || written[6:8] != "//" {
		return "", false, refuse("Use a path (/me/messages), or the https address of an earlier answer.",
			"The endpoint begins with %s, which is no https address.", shown(scheme+":"))
	}
	authority := written[8:]
	if end := strings.IndexAny(authority, `/?#\`); end >= 0 {
		rest, authority = authority[end:], authority[:end]
	}
	if err := a.checkHost(authority); err != nil {
		return "", false, err
	}
	return rest, true, nil
}

func (a address) checkHost(authority string) *mm.Error {
	want := strings.TrimPrefix(a.base, "https://")
	remedy := "Leave out scheme and host: mm sends every request to " + want + "."
	switch {
	case sameASCII(authority, want):
		return nil
	case strings.Contains(authority, "@"):
		return refuse(remedy, "The address names a user before its host.")
	case sameASCII(strings.TrimRight(authority, "0123456789"), want+":"):
		return refuse(remedy, "The address has a port.")
	}
	return refuse(remedy, "The address leads to %s; tokens of this connection go to %s only.", shown(authority), want)
}

// sameASCII compares without regard to the case of A to Z, and of no other letter: the long s is not an s in a host.
func sameASCII(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b) && !strings.ContainsFunc(a, func(r rune) bool { return r >= utf8.RuneSelf })
}

// cutVersion takes the version off the path; v1.0 where there is none.
func cutVersion(segments []segment) (string, []segment) {
	if len(segments) > 0 {
		switch v := strings.ToLower(segments[0].plain); v {
		case "v1.0", "beta":
			return v, segments[1:]
		}
	}
	return "v1.0", segments
}

func control(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func validText(s string) bool { return utf8.ValidString(s) }
