package normal

import (
	"strings"

	mm "github.com/microsoft-master/mm"
)

func setHeaders(call *mm.GraphCall, _ mm.Connection, r mm.GraphRequest) *mm.Error {
	var err *mm.Error
	call.Headers, err = headers(r.Headers, mm.GraphHeaders())
	return err
}

// headers returns the headers under their canonical names. Only those of allowed may be there.
func headers(given map[string]string, allowed []string) (map[string]string, *mm.Error) {
	if len(given) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(given))
	for name, value := range given {
		canonical := ""
		for _, a := range allowed {
			if sameASCII(a, strings.Trim(name, " ")) {
				canonical = a
			}
		}
		if canonical == "" {
			return nil, refuse("The headers that can be set are "+strings.Join(allowed, ", ")+".", "The header %s cannot be set.", shown(name))
		}
		if _, twice := out[canonical]; twice {
			return nil, refuse("Send it once.", "The header %s is there twice.", canonical)
		}
		value = strings.Trim(value, " ")
		if len(value) > MaxHeader || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
			return nil, refuse("Use up to 1,024 printable ASCII characters.", "The value of %s cannot be sent.", canonical)
		}
		if value != "" {
			out[canonical] = value
		}
	}
	return out, nil
}
