package graph

import (
	"net/url"
	"strings"
)

// cutVersion splits /v1.0/me into its version and the rest.
func cutVersion(path string) (version, rest string, ok bool) {
	version, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch v := strings.ToLower(version); v {
	case "v1.0", "beta":
		return v, rest, true
	}
	return version, "", false
}

// split returns the segments of an escaped path, decoded; users('id') is two.
func split(path string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		s, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		if s == "" {
			continue
		}
		name, key, keyed := strings.Cut(s, "('")
		if id, closed := strings.CutSuffix(key, "')"); keyed && closed {
			out = append(out, name, strings.ReplaceAll(id, "''", "'"))
			continue
		}
		s = strings.TrimSuffix(s, "()")
		if strings.HasPrefix(s, "microsoft.graph.") { // a cast, or the long name of an action
			if s = strings.TrimPrefix(s, "microsoft.graph."); len(out) > 0 && isCast(s) {
				continue
			}
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, words("The request has no resource.")
	}
	return out, nil
}

// isCast reports whether the name is one of a type, which narrows what comes before.
func isCast(name string) bool {
	switch strings.ToLower(name) {
	case "user", "group", "message", "eventmessage", "event", "driveitem":
		return true
	}
	return false
}

// A route is a request that is understood.
type route struct {
	method  string
	pattern []string // lower case; * stands for an id, ** for all that follows
	area    area
	scopes  []string // one of them is needed; none: any token will do
	do      func(*call) answer
}

func on(method, pattern string, a area, scopes []string, do func(*call) answer) route {
	return route{method, strings.Split(pattern, "/"), a, scopes, do}
}

// match returns what the stars stand for.
func (r *route) match(segments []string) (stars []string, ok bool) {
	for i, p := range r.pattern {
		if p == "**" {
			return append(stars, segments[i:]...), true
		}
		if i >= len(segments) {
			return nil, false
		}
		switch {
		case p == "*":
			stars = append(stars, segments[i])
		case !strings.EqualFold(p, segments[i]):
			return nil, false
		}
	}
	return stars, len(segments) == len(r.pattern)
}
