package mm

import (
	"context"
	"time"
)

// A Service is what every front door offers. The router implements it in process, http/client as a client of the API.
// All methods may be called from any goroutine.
type Service interface {
	// Run executes cmd in its session and returns the one answer to it. It returns within the command's timeout and the
	// time that a first sign-in may take (60 s), plus what stopping takes (2 s).
	//
	// progress, if not nil, gets stream records while the command runs, from one goroutine, in order, the last before Run
	// returns. It is a courtesy: a slow receiver misses records, never the answer.
	//
	// When ctx ends, Run returns at once with code cancelled and executed maybe; the command itself goes on, and a repeat
	// with the same RequestID finds its answer (Cancel stops it).
	Run(ctx context.Context, cmd Command, progress Progress) Outcome

	// Graph sends a request to Microsoft Graph or Power Automate as the account of its connection. Its promises are those of
	// Run; progress tells of long transfers and waits.
	Graph(ctx context.Context, r GraphRequest, progress Progress) Outcome

	// Cancel stops the request of that id, queued or running; its callers are answered by Run. It reports whether there
	// was such a request that had not ended. The error is an *Error.
	Cancel(ctx context.Context, requestID string) (bool, error)

	// Connections lists the registry, sorted by name. The error is an *Error: a broken file, with line and column; the list
	// is that of the last good version then, or empty.
	Connections(ctx context.Context) ([]Connection, error)
}

// Admin is for people on this machine.
type Admin interface {
	// Status lists the sessions that exist, sorted by id.
	Status(ctx context.Context) (PoolStatus, error)

	// Reset ends the sessions of a connection, or the one of a module where module is not empty, with their processes;
	// what ran in them is answered with session_replaced. It returns the sessions that there are, sorted; their processes may
	// take a moment to be gone, but no later command reaches them.
	Reset(ctx context.Context, connection string, module Module) ([]SessionID, error)

	// SignIn lets a person sign in to a connection, or says how its sign-in stands: with a challenge, or who is signed in. It
	// waits until there is something to say, and is asked again until somebody is signed in. The error is an *Error.
	SignIn(ctx context.Context, o SignInOrder) (AccountStatus, error)

	// SignOut forgets the tokens of a connection and ends its sessions. It reports whether there was something to end. The
	// error is an *Error.
	SignOut(ctx context.Context, connection string) (bool, error)

	// Metrics returns what was counted since the daemon started.
	Metrics(ctx context.Context) (Metrics, error)

	// About describes the daemon.
	About(ctx context.Context) (About, error)

	// Stop asks the daemon to end. It returns when the daemon has begun to: nothing new is taken, what runs may go on for the
	// drain. The error has code busy where only an idle one was to be stopped, and not_enabled where it cannot be stopped
	// this way.
	Stop(ctx context.Context, r StopRequest) error
}

// Progress receives stream records of a running command.
type Progress func(records []Record)

// A Record is one entry of a stream.
type Record struct {
	Stream Stream `json:"stream"`
	Text   string `json:"text"`
	// Activity and Percent are set for progress records; Percent is -1 where unknown.
	Activity string `json:"activity,omitempty"`
	Percent  int    `json:"percent,omitempty"`
}

// A Stream names a PowerShell stream, or the console beside them.
type Stream string

// The streams.
const (
	StreamOutput      Stream = "output" // rendered text, as it appears
	StreamError       Stream = "error"
	StreamWarning     Stream = "warning"
	StreamVerbose     Stream = "verbose"
	StreamDebug       Stream = "debug"
	StreamInformation Stream = "information"
	StreamProgress    Stream = "progress"
	StreamConsole     Stream = "console"
)

// A PoolStatus is the answer to Status.
type PoolStatus struct {
	Sessions []SessionStatus
	// Accounts are the sign-ins that connections share, sorted by name; none is here that nobody asked for yet.
	Accounts []AccountStatus
	// Notes are sentences about the daemon's own health: a broken registry, say.
	Notes []string
}

// An AccountStatus describes the sign-in that the sessions and graph requests of a connection share.
type AccountStatus struct {
	Connection string
	State      AccountState
	Account    Account    // zero: not known
	Challenge  *Challenge // in state signing_in, where it is there
	// Until is when the last of the tokens at hand ends, which are renewed without a person; zero: none is at hand.
	Until time.Time
}

// An AccountState is the state of a connection's sign-in.
type AccountState string

// The states of accounts.
const (
	AccountUnknown  AccountState = "unknown" // nothing was asked yet, or nobody is signed in
	AccountSigning  AccountState = "signing_in"
	AccountSignedIn AccountState = "signed_in"
)

// A SignInOrder asks for a sign-in, as a person on this machine gives it.
type SignInOrder struct {
	Connection string
	Method     SignInMethod // empty: as the tenant allows
	// Pasted is the address that the browser was sent to, where it could not reach this machine; empty otherwise.
	Pasted string
}

// A SessionStatus describes one session.
type SessionStatus struct {
	ID              SessionID
	State           State
	AuthenticatedAs string
	LastCommand     time.Time // when the last command began; zero: none yet
	Busy            bool
	Queued          int
	LastError       string // why the state is error, or the last sign-in failed
	PID             int    // of the PowerShell process; 0: none
}

// A State is a session's state, in the words of the pool API.
type State string

// The states.
const (
	StateInitializing  State = "initializing"  // a process is being started
	StateReady         State = "ready"         // not signed in; the next command starts the sign-in
	StateAuthPending   State = "auth_pending"  // a person has to sign in
	StateAuthenticated State = "authenticated" // idle or busy
	StateError         State = "error"         // waiting out a backoff after a failure
	StateStopped       State = "stopped"       // no process, by request
)

// Metrics are counts since the daemon started. A request is a call of Run, whatever became of it.
type Metrics struct {
	Uptime   time.Duration
	Requests int64
	Errors   int64 // requests that were answered with an error
	SignIns  int64 // sessions that became authenticated
	// AverageResponse is how long the last answers took, Responses how many those were: at most 100.
	AverageResponse time.Duration
	Responses       int
	Sessions        []SessionStatus // sorted by id
	Keepalive       Keepalive
}

// Keepalive tells how sessions are kept signed in while nobody uses them.
type Keepalive struct {
	Interval  time.Duration // 0: no pings are sent
	Pings     int64
	Failures  int64
	LastPings map[SessionID]time.Time
}

// About describes the process that answers.
type About struct {
	Version    string
	PID        int
	Started    time.Time
	Background bool   // started by another command of mm, and may be replaced by a newer one
	Log        string // the file that it logs to; empty: its standard error
}

// A StopRequest says how a daemon shall end.
type StopRequest struct {
	// IfIdle stops only a daemon without open requests and without sessions that are signed in or being signed in.
	IfIdle bool
	// Drain is how long what runs may go on; 0: the daemon's default. Negative: not at all.
	Drain time.Duration
	Why   string // for the daemon's log
}
