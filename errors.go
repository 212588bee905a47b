package mm

import (
	"fmt"
	"time"
)

// An Error is what went wrong, for a person and for a program: Message says what, Remedy what to do next. Only http and mcp
// translate it; nobody else formats errors for people.
type Error struct {
	Code       Code
	Message    string
	Remedy     string
	Executed   Executed
	RetryAfter time.Duration // 0: no hint
}

func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Message
	}
	return e.Message + " " + e.Remedy
}

// Errorf makes an Error of a request that was not executed.
func Errorf(code Code, remedy, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Remedy: remedy, Executed: ExecutedNo}
}

// A Code is the kind of an error, stable for programs.
type Code string

// The codes.
const (
	BadRequest        Code = "bad_request"
	RequestConflict   Code = "request_conflict" // the request id was used for something else
	Unauthorized      Code = "unauthorized"
	UnknownConnection Code = "unknown_connection"
	UnknownModule     Code = "unknown_module"
	NotEnabled        Code = "not_enabled"
	RegistryBroken    Code = "registry_broken"
	Busy              Code = "busy"
	QueueTimeout      Code = "queue_timeout"
	LaunchFailed      Code = "launch_failed"
	SignInFailed      Code = "sign_in_failed"
	WrongAccount      Code = "wrong_account"
	ParseFailed       Code = "parse_error"
	CommandFailed     Code = "command_failed" // the script threw
	GraphFailed       Code = "graph_failed"   // Graph or Power Automate answered with an error
	Timeout           Code = "timeout"
	Cancelled         Code = "cancelled"
	SessionDied       Code = "session_died"
	SessionReplaced   Code = "session_replaced"
	Blocked           Code = "blocked"
	Held              Code = "held"             // a person has to confirm it first
	NodeUnreachable   Code = "node_unreachable" // a node or the daemon
	ShuttingDown      Code = "shutting_down"
	Internal          Code = "internal"
)

// Executed says whether a request that was answered with an error took effect.
type Executed string

// The values of Executed.
const (
	ExecutedNo    Executed = "no"
	ExecutedYes   Executed = "yes"
	ExecutedMaybe Executed = "maybe"
)
