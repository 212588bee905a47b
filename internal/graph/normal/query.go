package normal

import (
	"regexp"
	"strings"
	"sync"
)

// queryKeeps are the characters besides the unreserved ones that a query may hold as they are.
const queryKeeps = "!$&'()*+,;=:@/?"

// sentQuery gives a query its one encoding. The query of a whole address comes from an answer of the service and is encoded
// as far as it needs to be; the one of a path was written by hand, and characters in it that mean something else in an
// address than in a sentence are taken for what they are in the sentence:
//
//   - & inside of quotes belongs to the text: $filter=displayName eq 'R&D'.
//   - + is a plus sign in a value that writes its spaces as spaces or %20, and before the zone of a time; elsewhere it may
//     stand for a space and stays.
//   - # is a number sign.
func sentQuery(raw string, absolute bool) string {
	if absolute {
		return encodeQuery(raw)
	}
	parts := splitOutsideQuotes(raw)
	for i, p := range parts {
		p = strings.ReplaceAll(p, "&", "%26")
		if strings.Contains(p, " ") || strings.Contains(p, "%20") {
			p = strings.ReplaceAll(p, "+", "%2B")
		}
		parts[i] = encodeQuery(zoneOffset().ReplaceAllString(p, "$1%2B$2"))
	}
	return strings.Join(parts, "&")
}

// encodeQuery encodes what a query cannot hold. An encoding that is there stays as it is, even of a letter: continuations are
// sent back as they came.
func encodeQuery(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		_, escape := escapeAt(s, i)
		if escape || unreserved(c) || strings.IndexByte(queryKeeps, c) >= 0 {
			b.WriteByte(c)
		} else {
			writeEscape(&b, c)
		}
	}
	return b.String()
}

var zoneOffset = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\+(\d\d:?\d\d)`) })

// splitOutsideQuotes splits at each & that is not inside of single quotes, as long as the quotes come in pairs; at every &
// otherwise.
func splitOutsideQuotes(raw string) []string {
	var parts []string
	start, open := 0, false
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '\'' || strings.HasPrefix(raw[i:], "%27"):
			open = !open
		case raw[i] == '&' && !open:
			parts, start = append(parts, raw[start:i]), i+1
		}
	}
	if open {
		return strings.Split(raw, "&")
	}
	return append(parts, raw[start:])
}
