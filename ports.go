package mm

import (
	"context"
	"time"
)

// A Registry reads the connections. It may be used from any goroutine.
type Registry interface {
	// Read returns the registry as it is now; it looks whether the file changed and reads it only then. Where the file is
	// broken or missing, Problem says so (an *Error with line, column and remedy) and Connections are those of the last
	// good version; running sessions go on with them, new ones are refused.
	Read() Registered
}

// Registered is one version of the registry. It is never changed.
type Registered struct {
	Version     uint64                // grows with every change of the good version
	Connections map[string]Connection // by name
	Problem     *Error
	// Notes are sentences about what was left out or should be mended, each with what to do: a name outside the rule, a
	// file that others can read. They stop nothing.
	Notes []string
}

// A Launcher starts engines. It may be used from any goroutine.
type Launcher interface {
	// Launch starts a process and returns when it said hello. It blocks; ctx bounds the launch and the engine's whole life:
	// when ctx ends, the process and its group are killed. The error is an *Error with code launch_failed and a remedy;
	// then no process is left and sink is never called.
	//
	// sink gets every event of the engine, from one goroutine at a time, in order, beginning possibly before Launch returns;
	// the last is Exited, after which the process and its group are gone. sink must not block.
	Launch(ctx context.Context, spec LaunchSpec, sink func(EngineEvent)) (Engine, error)
}

// A LaunchSpec says what to start.
type LaunchSpec struct {
	Session    SessionID
	Connection Connection
}

// An Engine is one running PowerShell, or something that behaves like it. No method blocks; what cannot be delivered because
// the process is gone is dropped, and Exited tells. An engine runs one Invocation or Call at a time; one more is refused.
type Engine interface {
	Hello() Hello
	Invoke(Invocation)
	Call(Call)
	Analyze(id, script string)
	// Cancel asks the pipeline of that id to stop (BeginStop). Its Completed follows, unless it cannot be interrupted.
	Cancel(id string)
	Ping(id string)
	// Collect asks the process to give memory back; for when it is idle.
	Collect()
	// KillChildren kills the members of the process group that were started since the running command began.
	KillChildren()
	// Kill kills the whole process group.
	Kill()
	// Shutdown asks the process to end, and kills it where it has not after two seconds.
	Shutdown()
}

// Hello is what an engine says of itself.
type Hello struct {
	Protocol int
	PID      int    // 0 for an engine inside of this process
	PS       string // 7.6.9
	CLR      string // .NET 10.0.12
	// Host is the path of the PowerShell that was started, or the name of the stand-in.
	Host string
}

// An Invocation runs a user's script.
type Invocation struct {
	ID     string
	Script string
	Want   Want
	// Live asks for rendered output as stream records while the command runs; the other streams always come live.
	Live bool
}

// A Call runs one command of a module for mm itself: resolved from the module's exported commands, never by a name that a
// user may have redefined, with parameters bound by name, out of reach of the user's variables.
type Call struct {
	ID         string
	Module     string // ExchangeOnlineManagement
	Command    string // Connect-ExchangeOnline
	Parameters map[string]any
	Secrets    map[string]Secret
	// SecretLists are parameters that take several.
	SecretLists map[string][]Secret
	// Select lists the properties of the output objects that are wanted, dotted for nested ones (Context.Account.Id), so
	// that large objects are not walked; each becomes a member of that name in Result.Objects. Empty: all, to depth 4.
	Select []string
}

// An EngineEvent is one of Streamed, Completed, Analyzed, Ponged, Refused and Exited.
type EngineEvent interface{ engineEvent() }

// Streamed carries stream records of a running Invocation or Call.
type Streamed struct {
	ID      string
	Records []Record
}

// Completed is the end of an Invocation or Call.
type Completed struct {
	ID     string
	Result Result
}

// Analyzed is the answer to Analyze.
type Analyzed struct {
	ID    string
	Facts Facts
}

// Ponged is the answer to Ping.
type Ponged struct {
	ID    string
	Busy  bool
	RSS   int64 // bytes
	After time.Duration
}

// Refused says that the engine did not do what was asked under ID, and why: busy, bad_json, bad_op, too_large, internal.
type Refused struct {
	ID     string
	Code   string
	Detail string
}

// Exited is the last event: the process and its group are gone.
type Exited struct {
	// Reason is for people: "exit status 3", "killed", "lost: protocol error …".
	Reason string
}

func (Streamed) engineEvent()  {}
func (Completed) engineEvent() {}
func (Analyzed) engineEvent()  {}
func (Ponged) engineEvent()    {}
func (Refused) engineEvent()   {}
func (Exited) engineEvent()    {}
