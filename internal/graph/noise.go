package graph

import (
	"slices"
	"strings"

	"github.com/microsoft-master/mm/internal/graph/normal"
)

// withoutNoise returns an object without its members that are noise; a value that is no object as it is.
func withoutNoise(object []byte, etags bool) []byte {
	out := []byte{'{'}
	members := 0
	for name, value := range normal.Members(object) {
		members++
		if noise(strings.Trim(string(name), `"`), etags) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	if members == 0 {
		return object
	}
	return append(out, '}')
}

// noise reports whether a member is of no use to a caller: @odata.context and its like, on the object or on one of its members.
// What continues or counts a list inside of the object is not. Planner alone wants etags sent back.
func noise(name string, etags bool) bool {
	at := strings.Index(strings.ToLower(name), "@odata.")
	if at < 0 {
		return false
	}
	what := strings.ToLower(name[at+len("@odata."):])
	if what == "etag" && etags {
		return false
	}
	return !slices.Contains([]string{"nextlink", "deltalink", "count", "bind"}, what)
}
