package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A RunAnswer is the answer to POST /run.
type RunAnswer struct {
	Status mm.Status `json:"status"`
	Failure
	Output          *string `json:"output,omitempty"` // always there for success; else what was printed up to the error
	AuthenticatedAs string  `json:"authenticated_as,omitempty"`

	// auth_required
	DeviceCode string `json:"device_code,omitempty"`
	AuthURL    string `json:"auth_url,omitempty"`
	Message    string `json:"message,omitempty"`
	ExpiresIn  *int   `json:"expires_in,omitempty"` // seconds that remain
	ExpiresAt  string `json:"expires_at,omitempty"`
	Account    string `json:"account,omitempty"` // who should sign in

	RequestID    string           `json:"request_id,omitempty"`
	SessionID    string           `json:"session_id,omitempty"`
	Objects      json.RawMessage  `json:"objects,omitempty"`
	Errors       []mm.ErrorRecord `json:"errors,omitempty"`
	Streams      *mm.Streams      `json:"streams,omitempty"`
	HadErrors    bool             `json:"had_errors,omitempty"`
	ExitCode     *int             `json:"exit_code,omitempty"`      // of `exit N`
	LastExitCode *int             `json:"last_exit_code,omitempty"` // $LASTEXITCODE
	Truncated    *Truncated       `json:"truncated,omitempty"`
	DurationMS   float64          `json:"duration_ms,omitempty"`
	Terminated   mm.Termination   `json:"terminated,omitempty"`
	Notes        []string         `json:"notes,omitempty"`

	*GraphAnswer // POST /graph
}

// Truncated says what a cap dropped. Kept and Dropped are the short form: objects where objects were dropped, characters
// of rendered text otherwise.
type Truncated struct {
	Kept    int64 `json:"kept"`
	Dropped int64 `json:"dropped"`
	mm.Truncated
}

// EncodeOutcome returns the answer to POST /run. What remains of a challenge is counted from now.
func EncodeOutcome(o mm.Outcome, now time.Time) []byte {
	b, err := encode(runAnswer(o, now))
	if err != nil {
		// Only Objects or Data can be at fault, and the command did run.
		o.Objects = nil
		if o.Graph != nil {
			g := *o.Graph
			g.Data = nil
			o.Graph = &g
		}
		o.Status = mm.StatusError
		o.Err = &mm.Error{
			Code:     mm.Internal,
			Message:  fmt.Sprintf("The objects of this answer are not valid JSON (%s).", err),
			Remedy:   "Ask for format text, and report this as a defect of mm.",
			Executed: mm.ExecutedYes,
		}
		b = mustEncode(runAnswer(o, now))
	}
	return b
}

func runAnswer(o mm.Outcome, now time.Time) RunAnswer {
	a := RunAnswer{
		Status:          o.Status,
		AuthenticatedAs: o.AuthenticatedAs,
		RequestID:       o.RequestID,
		Objects:         o.Objects,
		Errors:          o.Errors,
		HadErrors:       o.HadErrors,
		ExitCode:        o.ExitCode,
		LastExitCode:    o.LastExit,
		DurationMS:      float64(o.Duration.Round(time.Microsecond)) / float64(time.Millisecond),
		Terminated:      o.Terminated,
		Notes:           o.Notes,
		GraphAnswer:     graphAnswer(o.Graph),
	}
	if o.Session.Module != "" {
		a.SessionID = o.Session.String()
	}
	if o.Status == mm.StatusSuccess && o.Graph == nil || o.Output != "" {
		a.Output = &o.Output
	}
	if o.Err != nil {
		a.Failure = failure(o.Err)
	}
	if c := o.Challenge; c != nil {
		left := max(0, int(math.Ceil(c.ExpiresAt.Sub(now).Seconds())))
		a.DeviceCode, a.AuthURL, a.Message, a.Account = c.UserCode, c.URL, c.Message, c.Account
		a.ExpiresIn, a.ExpiresAt = &left, formatTime(c.ExpiresAt)
	}
	if s := o.Streams; len(s.Warning)+len(s.Verbose)+len(s.Debug)+len(s.Information)+len(s.Console) > 0 {
		a.Streams = &s
	}
	if g := o.Graph; g != nil {
		a.DurationMS = float64(g.Duration.Round(time.Microsecond)) / float64(time.Millisecond)
		o.Truncated = g.Truncated
	}
	if t := o.Truncated; t != nil {
		a.Truncated = &Truncated{t.KeptItems, t.DroppedItems, *t}
		if t.DroppedItems == 0 {
			a.Truncated.Kept, a.Truncated.Dropped = t.KeptChars, t.DroppedChars
		}
	}
	return a
}

// DecodeOutcome reads an answer to POST /run, of this project or of an older pool. The error says why it is none.
func DecodeOutcome(body []byte, now time.Time) (mm.Outcome, error) {
	var a RunAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return mm.Outcome{}, err
	}
	o := mm.Outcome{
		Status:          a.Status,
		RequestID:       a.RequestID,
		Session:         parseSessionID(a.SessionID),
		AuthenticatedAs: a.AuthenticatedAs,
		Notes:           a.Notes,
		Result: mm.Result{
			Objects:    a.Objects,
			Errors:     a.Errors,
			HadErrors:  a.HadErrors,
			ExitCode:   a.ExitCode,
			LastExit:   a.LastExitCode,
			Duration:   time.Duration(math.Round(a.DurationMS*1000)) * time.Microsecond,
			Terminated: a.Terminated,
		},
	}
	if a.Output != nil {
		o.Output = *a.Output
	}
	if a.Streams != nil {
		o.Streams = *a.Streams
	}
	if g := a.GraphAnswer.result(); g != nil {
		o.Graph, g.Duration, o.Duration = g, o.Duration, 0
		if a.Truncated != nil {
			g.Truncated, a.Truncated = &a.Truncated.Truncated, nil
		}
	}
	if a.Truncated != nil {
		o.Truncated = &a.Truncated.Truncated
	}
	switch a.Status {
	case mm.StatusSuccess:
	case mm.StatusAuthRequired:
		o.Challenge = &mm.Challenge{UserCode: a.DeviceCode, URL: a.AuthURL, Message: a.Message, Account: a.Account}
		o.Challenge.ExpiresAt = now.Add(time.Duration(value(a.ExpiresIn)) * time.Second)
		if t, err := time.Parse(time.RFC3339, a.ExpiresAt); err == nil {
			o.Challenge.ExpiresAt = t
		}
	case mm.StatusError:
		o.Err = a.err()
	default:
		return mm.Outcome{}, fmt.Errorf("status %.40q is none of success, auth_required, error", a.Status)
	}
	return o, nil
}

// parseSessionID reads CONNECTION/MODULE. A connection's name has no slash.
func parseSessionID(s string) mm.SessionID {
	connection, module, _ := strings.Cut(s, "/")
	return mm.SessionID{Connection: connection, Module: mm.Module(module)}
}
