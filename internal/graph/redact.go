package graph

import (
	"regexp"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

var (
	tenantID = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(\b(?:tenant(?:[ _-]?id)?|tid|directory|realm)\b[^0-9a-f\n]{0,12}?)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}`)
	})
	mail = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[A-Za-z0-9._%+'#-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	})
	jwt    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,4}`) })
	signed = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b(tempauth|sig|access_token|authorization|client_secret|code)(=|:\s*)[^\s&"']+`)
	})
)

// maxMessage bounds what is told of a service's message, in characters.
const maxMessage = 1500

// redact takes out of a service's message what is nobody's business: tenant ids, the addresses of people other than the account
// of the connection, and whatever could be a token. Names of properties stay: a model needs them.
func redact(c mm.Connection, s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	s = jwt().ReplaceAllString(s, "[token]")
	s = signed().ReplaceAllString(s, "$1$2[redacted]")
	s = tenantID().ReplaceAllString(s, "$1[tenant]")
	if id := c.ExpectedTenantID(); id != "" {
		s = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(id)).ReplaceAllString(s, "[tenant]")
	}
	s = mail().ReplaceAllStringFunc(s, func(a string) string {
		_, domain, _ := strings.Cut(strings.ToLower(a), "@")
		if strings.EqualFold(a, c.ExpectedEmail) || strings.HasPrefix(domain, "odata.") || strings.HasPrefix(domain, "microsoft.graph.") {
			return a
		}
		return "[address]"
	})
	if r := []rune(s); len(r) > maxMessage {
		s = string(r[:maxMessage]) + "…"
	}
	return s
}
