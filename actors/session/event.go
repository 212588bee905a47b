package session

import mm "github.com/microsoft-master/mm"

// An Event is something that happened to a session.
type Event interface{ event() }

// Request asks for a command to be run. ID is unique among the requests that are not answered yet.
type Request struct {
	ID      string
	Command mm.Command
	// Connection is the registry's entry as it is now.
	Connection mm.Connection
	// Problem is set where the registry is broken and Connection is from its last good version: a running session goes on
	// with it and says so, a new one is refused.
	Problem *mm.Error
}

// CancelRequest stops the request of that id, waiting or running. An unknown id is ignored.
type CancelRequest struct{ ID string }

// Reset ends the process and answers everything under way with session_replaced. The next request starts anew.
type Reset struct{}

// Drain lets the running command end, answers everything else with Why, then ends the process and reports Drained.
type Drain struct{ Why *mm.Error }

// Halt is Drain without patience: the running command is answered with Why too, and the process killed.
type Halt struct{ Why *mm.Error }

// Launching tells the incarnation number of the launch that was just asked for.
type Launching struct{ Incarnation uint64 }

// Launched says that a process said hello.
type Launched struct {
	Incarnation uint64
	Hello       mm.Hello
}

// LaunchFailed says that there is no process.
type LaunchFailed struct {
	Incarnation uint64
	Err         *mm.Error
}

// FromEngine is what a process says.
type FromEngine struct {
	Incarnation uint64
	Event       mm.EngineEvent
}

// PlaceGranted is the answer to AskPlace.
type PlaceGranted struct{}

// TokenGiven, TokenShown and TokenRefused answer AskToken: the first and the last end it. Shown may come before: a person has
// to sign in, and the question stays.
type (
	TokenGiven struct {
		ID    string
		Token mm.Token
	}
	TokenShown struct {
		ID        string
		Challenge mm.Challenge
	}
	TokenRefused struct {
		ID  string
		Err *mm.Error
		Why mm.InteractionReason // needs_consent, or empty
	}
)

// SiteFound answers AskSite: contoso of contoso.sharepoint.com.
type SiteFound struct{ ID, Host string }

// Wake says that the armed time has come.
type Wake struct{}

func (Request) event()       {}
func (CancelRequest) event() {}
func (Reset) event()         {}
func (Drain) event()         {}
func (Halt) event()          {}
func (Launching) event()     {}
func (Launched) event()      {}
func (LaunchFailed) event()  {}
func (FromEngine) event()    {}
func (PlaceGranted) event()  {}
func (TokenGiven) event()    {}
func (TokenShown) event()    {}
func (TokenRefused) event()  {}
func (SiteFound) event()     {}
func (Wake) event()          {}
