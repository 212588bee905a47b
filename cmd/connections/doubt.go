package connections

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// What looks wrong is doubted, not refused: the Python version took everything, and Microsoft may change its forms.

var (
	guidForm   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`) })
	domainForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$`) })
	emailForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^\s@]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$`) })
)

const guidExample = "00000000-0000-0000-0000-000000000000"

func doubtID(text string) string {
	return unless(guidForm().MatchString(text), "is not a tenant id, which is a GUID like "+guidExample)
}

func doubtApp(text string) string {
	return unless(guidForm().MatchString(text), "is not an app id, which is a GUID like "+guidExample)
}

func doubtTenant(text string) string {
	return unless(guidForm().MatchString(text) || domainForm().MatchString(text),
		"is neither a domain like contoso.onmicrosoft.com nor a tenant id")
}

func doubtEmail(text string) string {
	return unless(emailForm().MatchString(text), "is not an account like admin@contoso.com")
}

func doubtHost(text string) string {
	return unless(!strings.ContainsAny(text, "./: "), "is more than the first label: contoso of contoso.sharepoint.com")
}

func doubtServers(text string) string {
	names := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(`[]", `, r) })
	return unless(slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "mm") }),
		"does not name mm, so that mm's own MCP server may not use it")
}

// doubtApps doubts what is no module or no app id.
func doubtApps(text string) string {
	var apps map[string]any
	if json.Unmarshal([]byte(text), &apps) != nil {
		return ""
	}
	for _, module := range slices.Sorted(maps.Keys(apps)) {
		if _, ok := mm.ParseModule(module); !ok {
			return fmt.Sprintf("names %q, which is none of the modules exo, pnp, azure and teams", module)
		}
		if id, ok := apps[module].(string); ok && doubtApp(id) != "" {
			return fmt.Sprintf("has for %s what %s", module, doubtApp(id))
		}
	}
	return ""
}

// unless returns the doubt where something is not fine.
func unless(fine bool, doubt string) string {
	if fine {
		return ""
	}
	return doubt
}
