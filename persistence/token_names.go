package persistence

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// What file names end with.
const (
	cacheSuffix   = ".tokens"
	damagedSuffix = ".damaged-"
	takenSuffix   = ".taken"
	flowSuffix    = ".flow.json" // device codes of the Python version
)

// readable is how much of a connection's name its files show.
const readable = 64

// escape makes a connection's name one for files as the Python version did: characters outside of [A-Za-z0-9_-] become _.
// Different names can have the same.
func escape(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, name)
}

// stem begins the names of a connection's files. Different names have different ones, also where case does not count in
// file names.
func stem(name string) string {
	prefix := escape(name)
	return prefix[:min(len(prefix), readable)] + "." + shortHash(name)
}

// cacheName is the name of the connection's cache for its authority.
func cacheName(c mm.Connection) string {
	return stem(c.Name) + "." + shortHash(authority(c)) + cacheSuffix
}

// authority is what tells the clouds apart, and one sandbox from another.
func authority(c mm.Connection) string { return strings.ToLower(c.Endpoints().Authority) }

// owner is what a sealed cache is bound to. No name has a zero byte.
func owner(c mm.Connection) string { return c.Name + "\x00" + authority(c) }

// plainNames are the names that the Python version may have given to the connection's cache.
func plainNames(name string) []string {
	e := escape(name)
	return []string{e + ".json", e + ".bin", e}
}

// shared reports whether another connection of that list could have had the same plain cache.
func shared(name string, all []string) bool {
	for _, other := range all {
		if other != name && strings.EqualFold(escape(other), escape(name)) {
			return true
		}
	}
	return false
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
