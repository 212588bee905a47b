package normal

import (
	"regexp"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A segment is what stands between two slashes of a path.
type segment struct {
	sent  string // in the one encoding in which it is sent
	plain string // decoded until nothing is left to decode
	data  bool   // part of a name between colons
}

// readPath splits a path, decodes it and marks the names between colons. Empty segments vanish.
func readPath(raw string) ([]segment, *mm.Error) {
	if strings.Contains(raw, `\`) {
		return nil, refuse("Separate the parts of a path by /.", "The path holds a backslash.")
	}
	var out []segment
	for part := range strings.SplitSeq(raw, "/") {
		if part == "" {
			continue
		}
		plain, err := decode(part)
		if err != nil {
			return nil, err
		}
		out = append(out, segment{sent: sentSegment(part), plain: plain})
	}
	markNames(out)
	for _, s := range out {
		if !s.data && placeholder().MatchString(s.plain) {
			return nil, refuse("Put the real id or name in its place.", "The path holds the placeholder %s.", shown(s.plain))
		}
		if strings.Contains(s.plain, "#") && strings.Contains(raw, "#") && !s.data && !guest().MatchString(s.plain) {
			return nil, refuse("Leave out what follows it; a # that belongs to a name is written %23.", "The path holds a #.")
		}
	}
	return out, nil
}

var (
	// placeholder is what documentation writes for an id. Ids in braces have digits.
	placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[{<][A-Za-z |_-]+[}>]$`) })
	// guest is the principal name of a guest: anna_fabrikam.com#EXT#@contoso.onmicrosoft.com.
	guest = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^[^#]+#EXT#@[^#]+$`) })
)

// maxDecoding bounds how often a path may have been encoded.
const maxDecoding = 8

// decode decodes a segment until nothing is left to decode, and refuses what would change the path's shape on the way.
func decode(part string) (string, *mm.Error) {
	for range maxDecoding {
		if err := checkShape(part); err != nil {
			return "", err
		}
		next := decodeOnce(part)
		if next == part {
			return part, nil
		}
		part = next
	}
	return "", refuse("Encode a name once.", "A part of the path is encoded more than %d times.", maxDecoding-1)
}

func checkShape(part string) *mm.Error {
	trimmed := strings.TrimSpace(part)
	switch {
	case trimmed == "." || trimmed == "..":
		return refuse("Write the path that is meant.", "The path holds a dot segment.")
	case strings.ContainsAny(part, `/\?`):
		return refuse("Address the item by its id.", "A part of the path holds an encoded /, \\ or ?.")
	case strings.ContainsFunc(part, control):
		return refuse("Leave it out.", "The path holds an encoded control character.")
	case !validText(part):
		return refuse("Encode the name as UTF-8.", "A part of the path is not UTF-8 when it is decoded.")
	case trimmed == "":
		return refuse("Leave it out.", "A part of the path is nothing but spaces.")
	}
	return nil
}

// decodeOnce replaces each %XX by its byte; what only looks like one stays.
func decodeOnce(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c, ok := escapeAt(s, i); ok {
			b.WriteByte(c)
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// escapeAt returns the byte that the %XX at i stands for.
func escapeAt(s string, i int) (byte, bool) {
	if s[i] != '%' || i+2 >= len(s) {
		return 0, false
	}
	high, ok1 := hex(s[i+1])
	low, ok2 := hex(s[i+2])
	return high<<4 | low, ok1 && ok2
}

func hex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

const upperHex = "0123456789ABCDEF"

// sentSegment gives a segment its one encoding: letters, digits and -._~ are never encoded; what a path cannot hold is; an
// encoding that is there stays, in capitals.
func sentSegment(s string) string { return encode(s, "!$&'()*+,;=:@") }

// encode encodes all bytes but the unreserved ones and those of keep. An encoded unreserved byte is decoded, another stays as
// it is. A % that begins no encoding is encoded.
func encode(s, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if escaped, ok := escapeAt(s, i); ok {
			i += 2
			if unreserved(escaped) {
				b.WriteByte(escaped)
			} else {
				writeEscape(&b, escaped)
			}
			continue
		}
		if unreserved(c) || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			writeEscape(&b, c)
		}
	}
	return b.String()
}

func writeEscape(b *strings.Builder, c byte) {
	b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// markNames marks what stands between the colon after root, an item's id or a site's host, and the colon before the slash
// after which the path goes on. Colons elsewhere mean nothing: ids of chats and channels have them.
func markNames(segments []segment) {
	inside := false
	for i := range segments {
		s := &segments[i]
		if inside {
			s.data = true
			inside = !strings.HasSuffix(s.plain, ":")
			continue
		}
		if _, name, owner := cutName(segments, i); owner {
			inside = name == "" || !strings.HasSuffix(name, ":")
		}
	}
}

// cutName cuts the segment at i at the colon after which a name begins: root:, or an id behind items, sites or special. A
// part of the name may follow in the same segment. owner is false where there is no such colon.
func cutName(segments []segment, i int) (before, name string, owner bool) {
	plain := segments[i].plain
	before, name, owner = strings.Cut(plain, ":")
	if !owner {
		return plain, "", false
	}
	if strings.EqualFold(before, "root") {
		return before, name, true
	}
	if i > 0 {
		switch strings.ToLower(segments[i-1].plain) {
		case "items", "sites", "special":
			return before, name, true
		}
	}
	return plain, "", false
}
