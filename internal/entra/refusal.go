package entra

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// A refusal is Entra's error, as RFC 6749 has it and Entra extends it.
type refusal struct {
	kind, sub   string // invalid_grant, consent_required
	code        int    // of AADSTS; 0: none
	description string // raw: for the log only
	claims      string // to be sent with the next sign-in
	trace       string // Entra's id of the request, for its support
	correlation string
	status      int
	retryAfter  time.Duration
	skew        time.Duration // of our clock
}

func (r *refusal) Error() string { return "Entra refused: " + r.name() }

// name is what to call it: AADSTS65001, or the kind where there is no number.
func (r *refusal) name() string {
	if r.code != 0 {
		return "AADSTS" + strconv.Itoa(r.code)
	}
	return r.kind
}

// LogValue implements slog.LogValuer.
func (r *refusal) LogValue() slog.Value {
	return slog.GroupValue(slog.String("error", r.kind), slog.String("suberror", r.sub), slog.Int("aadsts", r.code),
		slog.String("description", r.description), slog.String("trace_id", r.trace), slog.String("correlation_id", r.correlation))
}

// transient reports whether the same request may succeed soon.
func (r *refusal) transient() bool {
	return r.status == 429 || r.status >= 500 || r.kind == "temporarily_unavailable" || r.kind == "server_error"
}

var (
	aadstsCode = regexp.MustCompile(`AADSTS(\d{4,10})`)
	plainWord  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// readRefusal reads the JSON of an error; nil: it is none.
func readRefusal(body []byte) *refusal {
	var a struct {
		Error       string `json:"error"`
		Sub         string `json:"suberror"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Claims      string `json:"claims"`
		Trace       string `json:"trace_id"`
		Correlation string `json:"correlation_id"`
	}
	if json.Unmarshal(body, &a) != nil || !plainWord.MatchString(a.Error) {
		return nil
	}
	r := &refusal{kind: a.Error, sub: a.Sub, description: a.Description, code: codeIn(a.Description), claims: a.Claims}
	if r.code == 0 && len(a.Codes) > 0 {
		r.code = a.Codes[0]
	}
	if plainWord.MatchString(a.Trace) {
		r.trace = a.Trace
	}
	if plainWord.MatchString(a.Correlation) {
		r.correlation = a.Correlation
	}
	return r
}

// refusalIn reads the error that a browser brings; nil: there is none.
func refusalIn(q url.Values) *refusal {
	if !q.Has("error") {
		return nil
	}
	r := &refusal{kind: q.Get("error"), sub: q.Get("error_subcode"), description: without(q.Get("error_description"), nil), claims: q.Get("claims")}
	if !plainWord.MatchString(r.kind) {
		r.kind = "unknown_error"
	}
	r.code = codeIn(r.description)
	return r
}

func codeIn(description string) int {
	m := aadstsCode.FindStringSubmatch(description)
	if m == nil {
		return 0
	}
	code, _ := strconv.Atoi(m[1]) // ten digits are a number
	return code
}

// quoted writes a connection's name for a command line.
func quoted(name string) string { return fmt.Sprintf("%q", name) }
