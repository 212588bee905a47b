package graph

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxClaims bounds a claims challenge, in bytes.
const maxClaims = 8 << 10

// claimsOf returns what a service demands of the next token, as JSON; empty where it demands nothing.
func claimsOf(h http.Header) string {
	for _, value := range h.Values("WWW-Authenticate") {
		p := parameters(value)
		if p["error"] != "insufficient_claims" || len(p["claims"]) > maxClaims {
			continue
		}
		if claims := decodeClaims(p["claims"]); claims != "" {
			return claims
		}
	}
	return ""
}

// decodeClaims returns the JSON object that text is, or is the base64 of, in any of its alphabets.
func decodeClaims(text string) string {
	object := func(b []byte) bool { return len(b) > 1 && b[0] == '{' && json.Valid(b) }
	if object([]byte(text)) {
		return text
	}
	text = strings.TrimRight(text, "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := e.DecodeString(text); err == nil && object(b) {
			return string(b)
		}
	}
	return ""
}

// parameters reads the name="value" pairs of a WWW-Authenticate header. The first of a name counts.
func parameters(value string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(value); {
		eq := strings.IndexByte(value[i:], '=')
		if eq < 0 {
			return out
		}
		name := value[i : i+eq]
		name = strings.ToLower(name[strings.LastIndexAny(name, " ,\t")+1:])
		var text string
		text, i = parameterValue(value, i+eq+1)
		if _, twice := out[name]; !twice && name != "" {
			out[name] = text
		}
	}
	return out
}

// parameterValue reads a token or quoted string at i, and returns where it ends.
func parameterValue(s string, i int) (string, int) {
	if i >= len(s) || s[i] != '"' {
		end := i
		for end < len(s) && s[end] != ',' && s[end] != ' ' {
			end++
		}
		return s[i:end], end
	}
	var b strings.Builder
	for i++; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), i + 1
}
