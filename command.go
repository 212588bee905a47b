package mm

import (
	"encoding/json"
	"time"
)

// A Command is one request to run PowerShell text in a session.
type Command struct {
	// RequestID is the caller's name for the request: a repeat attaches to the first and never runs twice. Empty: mm
	// chooses one.
	RequestID string
	Session   SessionID
	Text      string
	Caller    string        // who asks, as the door knows it; for logs
	Timeout   time.Duration // from the start of execution; 0: the default (300 s). Waiting in the queue is limited by it too
	Want      Want
	// Live asks for rendered output as progress records, as it appears. Run sets it where it has a Progress.
	Live bool
}

// Want says in which form, and how much of it, the caller wants the answer. Zero values mean the defaults.
type Want struct {
	Format   Format // text
	Width    int    // columns of rendered text: 120
	Depth    int    // nesting of objects: 4
	MaxItems int    // objects: 5,000
	MaxChars int    // characters of rendered text: 32 Mi
}

// The defaults and bounds of Want.
const (
	DefaultWidth    = 120
	DefaultDepth    = 4
	DefaultMaxItems = 5000
	DefaultMaxChars = 32 << 20
	DefaultTimeout  = 300 * time.Second
	MaxTimeout      = 24 * time.Hour
	MaxScript       = 64 << 10 // bytes of a command's text; more is refused (the parser cannot be interrupted)
	MaxRequestID    = 128
)

// WithDefaults returns w with the defaults in place of zero values.
func (w Want) WithDefaults() Want {
	if w.Format == "" {
		w.Format = FormatText
	}
	for _, f := range []struct {
		v *int
		d int
	}{{&w.Width, DefaultWidth}, {&w.Depth, DefaultDepth}, {&w.MaxItems, DefaultMaxItems}, {&w.MaxChars, DefaultMaxChars}} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	return w
}

// A Format is what an answer carries: rendered text, objects as JSON, or both.
type Format string

// The formats.
const (
	FormatText Format = "text"
	FormatJSON Format = "json"
	FormatBoth Format = "both"
)

// A Status is the kind of an outcome, in the words of the pool API.
type Status string

// The statuses.
const (
	StatusSuccess      Status = "success"
	StatusAuthRequired Status = "auth_required"
	StatusError        Status = "error"
)

// An Outcome is the one answer to a Command.
type Outcome struct {
	Status    Status
	RequestID string
	Session   SessionID

	// Challenge is set for auth_required: the command was not run, and will not be until somebody signs in.
	Challenge *Challenge
	// Err is set for error. The fields below may be set as well: what the command printed up to then.
	Err *Error

	Result
	// Graph is the answer to a GraphRequest, in place of Result; nil where the service was not asked or did not answer.
	Graph *GraphResult
	// AuthenticatedAs is the account that the session is signed in with, where known.
	AuthenticatedAs string
	// Notes are sentences for the caller that are not the command's output: identity not verified, a broken registry.
	Notes []string
}

// Failed makes the outcome of a request that ended with err.
func Failed(requestID string, session SessionID, err *Error) Outcome {
	return Outcome{Status: StatusError, RequestID: requestID, Session: session, Err: err}
}

// To returns o as the answer to a request: with its id and session, and the status that follows from what o has.
func (o Outcome) To(requestID string, session SessionID) Outcome {
	o.RequestID, o.Session = requestID, session
	switch {
	case o.Challenge != nil:
		o.Status = StatusAuthRequired
	case o.Err != nil:
		o.Status = StatusError
	default:
		o.Status = StatusSuccess
	}
	return o
}

// A Result is what the execution of a script or call gave.
type Result struct {
	Output     string          // rendered by PowerShell's formatter, without ANSI; errors in the concise view at their place or at the end
	Objects    json.RawMessage // a JSON array of the output objects, or nil where not asked for
	Errors     []ErrorRecord
	Streams    Streams
	HadErrors  bool // as PowerShell sets it
	ExitCode   *int // of `exit N`
	LastExit   *int // $LASTEXITCODE, where a native command set it
	Truncated  *Truncated
	Duration   time.Duration
	Terminated Termination // why the script ended before its end; empty where it ran through
	// Poisoned says why the process must not be used again (Constrained Language set, runspace closed); empty: it may.
	Poisoned string
}

// A Termination says how a script ended before its end.
type Termination string

// The ways to end early.
const (
	RanThrough    Termination = ""
	Threw         Termination = "threw"          // a terminating error; the last of Errors
	Stopped       Termination = "stopped"        // BeginStop after a cancel
	ParseError    Termination = "parse_error"    // never started
	RunawayOutput Termination = "runaway_output" // over ten million objects
)

// An ErrorRecord is PowerShell's, as plain data. Line and Column count from 1; 0 where unknown.
type ErrorRecord struct {
	Message               string `json:"message"`
	Type                  string `json:"type"` // of the exception: System.Management.Automation.CommandNotFoundException
	FullyQualifiedErrorID string `json:"fully_qualified_error_id"`
	Category              string `json:"category"` // ObjectNotFound
	Target                string `json:"target"`
	Line                  int    `json:"line"`
	Column                int    `json:"column"`
	Terminating           bool   `json:"terminating"`
}

// Streams are the texts of the streams besides output and errors, in order of arrival. Write-Host is in Information and, in
// its place, in the output. Console is what the process wrote past PowerShell to its standard output and error.
type Streams struct {
	Warning     []string `json:"warning,omitempty"`
	Verbose     []string `json:"verbose,omitempty"`
	Debug       []string `json:"debug,omitempty"`
	Information []string `json:"information,omitempty"`
	Console     []string `json:"console,omitempty"`
}

// Truncated counts what a cap dropped.
type Truncated struct {
	KeptItems      int64 `json:"kept_items"`      // objects
	DroppedItems   int64 `json:"dropped_items"`   // objects
	KeptChars      int64 `json:"kept_chars"`      // of rendered text
	DroppedChars   int64 `json:"dropped_chars"`   // of rendered text
	DroppedRecords int64 `json:"dropped_records"` // stream records, errors and console text
}

// A Challenge is a device code that waits for a person. Everybody who asks the session while it is valid gets the same one.
type Challenge struct {
	UserCode  string    // to be typed by the person; never logged
	URL       string    // where to type it
	Message   string    // the sentence to show
	ExpiresAt time.Time // 900 s after it appeared
	Account   string    // who should sign in (expectedEmail), where known
}

// String leaves the code out, so that a challenge can be logged.
func (c Challenge) String() string {
	return "challenge at " + c.URL + " until " + c.ExpiresAt.Format(time.RFC3339)
}

// ChallengeLifetime is how long a device code is shown before a new one is started.
const ChallengeLifetime = 900 * time.Second

// DeviceLoginURL is where a device code of the public cloud is typed.
const DeviceLoginURL = "https://microsoft.com/devicelogin"
