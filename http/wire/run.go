package wire

import (
	"fmt"
	"math"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A RunRequest is the body of POST /run. Nil and empty mean the default.
type RunRequest struct {
	Connection     string `json:"connection"`
	Module         string `json:"module"`
	Command        string `json:"command"`
	CallerID       string `json:"caller_id,omitempty"`
	RequestID      string `json:"request_id,omitempty"`
	TimeoutSeconds *int   `json:"timeout_seconds,omitempty"`
	Format         string `json:"format,omitempty"`
	Width          *int   `json:"width,omitempty"`
	Depth          *int   `json:"depth,omitempty"`
	MaxItems       *int   `json:"max_items,omitempty"`
	MaxChars       *int   `json:"max_chars,omitempty"`
}

// The bounds of what a request may ask for.
const (
	maxCaller   = 256
	minWidth    = 20
	maxWidth    = 10_000
	maxDepth    = 32
	maxMaxItems = 1_000_000
	minMaxChars = 100
	maxMaxChars = 32 << 20
)

// missingFields is the text that older clients know for a request without its three fields.
const missingFields = "Missing connection, module, or command"

// DecodeRun reads the body of POST /run. The error has code bad_request or unknown_module. Where only is not empty, it is
// the one connection that the server has, and what the body says of a connection does not count.
func DecodeRun(body []byte, only string) (mm.Command, *mm.Error) {
	var r RunRequest
	if err := decode(body, &r); err != nil {
		return mm.Command{}, err
	}
	if only != "" {
		r.Connection = only
	}
	if r.Connection == "" || r.Module == "" || strings.TrimSpace(r.Command) == "" {
		return mm.Command{}, badRequest(missingFields)
	}
	module, err := parseModule(r.Module)
	if err != nil {
		return mm.Command{}, err
	}
	if err := r.check(); err != nil {
		return mm.Command{}, err
	}
	return mm.Command{
		RequestID: r.RequestID,
		Session:   mm.SessionID{Connection: r.Connection, Module: module},
		Text:      r.Command,
		Caller:    r.CallerID,
		Timeout:   time.Duration(value(r.TimeoutSeconds)) * time.Second,
		Want: mm.Want{
			Format:   mm.Format(r.Format),
			Width:    value(r.Width),
			Depth:    value(r.Depth),
			MaxItems: value(r.MaxItems),
			MaxChars: value(r.MaxChars),
		},
	}, nil
}

// check holds the fields against their bounds.
func (r RunRequest) check() *mm.Error {
	if err := checkLength("command", r.Command, mm.MaxScript); err != nil {
		err.Remedy = "Send it in parts, or put the data into a file."
		return err
	}
	if err := checkLength("caller_id", r.CallerID, maxCaller); err != nil {
		return err
	}
	if err := checkLength("request_id", r.RequestID, mm.MaxRequestID); err != nil {
		return err
	}
	switch mm.Format(r.Format) {
	case "", mm.FormatText, mm.FormatJSON, mm.FormatBoth:
	default:
		return badField("format", fmt.Sprintf("%.40q", r.Format))
	}
	return checkNumbers([]bounded{
		{"timeout_seconds", r.TimeoutSeconds, 1, int(mm.MaxTimeout / time.Second)},
		{"width", r.Width, minWidth, maxWidth},
		{"depth", r.Depth, 1, maxDepth},
		{"max_items", r.MaxItems, 1, maxMaxItems},
		{"max_chars", r.MaxChars, minMaxChars, maxMaxChars},
	})
}

// A bounded is a number of a request; nil: it is not there.
type bounded struct {
	field    string
	value    *int
	min, max int
}

func checkNumbers(numbers []bounded) *mm.Error {
	for _, n := range numbers {
		if n.value != nil && (*n.value < n.min || *n.value > n.max) {
			return badField(n.field, fmt.Sprint(*n.value))
		}
	}
	return nil
}

// EncodeRun returns the body of POST /run for cmd. A fraction of a second of its timeout is rounded up.
func EncodeRun(cmd mm.Command) []byte {
	return mustEncode(RunRequest{
		Connection:     cmd.Session.Connection,
		Module:         string(cmd.Session.Module),
		Command:        cmd.Text,
		CallerID:       cmd.Caller,
		RequestID:      cmd.RequestID,
		TimeoutSeconds: optional(int(math.Ceil(cmd.Timeout.Seconds()))),
		Format:         string(cmd.Want.Format),
		Width:          optional(cmd.Want.Width),
		Depth:          optional(cmd.Want.Depth),
		MaxItems:       optional(cmd.Want.MaxItems),
		MaxChars:       optional(cmd.Want.MaxChars),
	})
}

// parseModule reads a module's name; the error's text is the one that older clients know.
func parseModule(s string) (mm.Module, *mm.Error) {
	if m, ok := mm.ParseModule(s); ok {
		return m, nil
	}
	return "", mm.Errorf(mm.UnknownModule, "Use one of exo, pnp, azure, teams.", "Unknown module: %.100s", s)
}

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func optional(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// HeaderInstance names one life of a server. It is in every answer; in a POST /run that a client sends once more after a
// broken connection, under the same request id, it says which life may have begun to execute it. Another one answers with
// node_unreachable, executed maybe: it does not know, and must not execute it again.
const HeaderInstance = "Mm-Instance"
