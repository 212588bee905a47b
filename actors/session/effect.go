package session

import (
	"time"

	mm "github.com/microsoft-master/mm"
)

// An Effect is something to be done, in order.
type Effect interface{ effect() }

// Launch starts a process. The actor answers with Launching at once, then with Launched or LaunchFailed.
type Launch struct{ Connection mm.Connection }

// Invoke, Call, Analyze, Cancel, KillChildren, Shutdown and Kill go to the current process. Kill also ends a launch.
type (
	// Invoke runs a user's script.
	Invoke struct{ Invocation mm.Invocation }
	// Call runs a command of a module for the session itself.
	Call struct{ Call mm.Call }
	// Analyze asks for the facts of a script.
	Analyze struct{ ID, Script string }
	// Cancel asks the pipeline of that id to stop.
	Cancel struct{ ID string }
	// KillChildren kills what the running command has started in the process group.
	KillChildren struct{}
	// Shutdown asks the process to end.
	Shutdown struct{}
	// Kill kills the process and its group.
	Kill struct{}
)

// Reply is the one answer to a Request.
type Reply struct {
	ID      string
	Outcome mm.Outcome
}

// Progress passes stream records of a running request on.
type Progress struct {
	ID      string
	Records []mm.Record
}

// AskPlace asks for one of the few places in which a sign-in may wait that burns a core; PlaceGranted answers. LeavePlace
// gives it back, or withdraws the question.
type (
	AskPlace   struct{}
	LeavePlace struct{}
)

// AskToken asks the connection's account for a token; DropToken withdraws the question.
type (
	AskToken struct {
		ID         string
		Connection mm.Connection
		Request    mm.TokenRequest
		Rejected   mm.Secret // a token of that audience with which the session could not go on; zero: none
	}
	DropToken struct{ ID string }
)

// AskSite asks the account for the host of the tenant's SharePoint; SiteFound answers, or TokenShown and TokenRefused as to
// AskToken.
type AskSite struct {
	ID         string
	Connection mm.Connection
}

// Arm asks for a Wake at that time, in place of the one that was asked for before. Zero: none.
type Arm struct{ At time.Time }

// Drained reports that a drained or halted session has no process and owes nothing.
type Drained struct{}

func (Launch) effect()       {}
func (Invoke) effect()       {}
func (Call) effect()         {}
func (Analyze) effect()      {}
func (Cancel) effect()       {}
func (KillChildren) effect() {}
func (Shutdown) effect()     {}
func (Kill) effect()         {}
func (Reply) effect()        {}
func (Progress) effect()     {}
func (AskPlace) effect()     {}
func (LeavePlace) effect()   {}
func (AskToken) effect()     {}
func (DropToken) effect()    {}
func (AskSite) effect()      {}
func (Arm) effect()          {}
func (Drained) effect()      {}
