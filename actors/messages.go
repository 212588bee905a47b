package actors

import (
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
)

// From Pool to the router.
type (
	// submit hands a request in: a command, or a graph call where that is set. digest identifies its content.
	submit struct {
		id         string
		session    mm.SessionID // without a module for graph calls
		command    mm.Command
		graph      *mm.GraphCall
		connection mm.Connection
		problem    *mm.Error
		keep       bool // the caller chose the request id, and may come back with it
		digest     string
		waiter     *waiter
	}
	// leave says that a caller does not wait any more.
	leave struct {
		id     string
		waiter *waiter
	}
	// cancel asks for the end of a request; answered with a bool.
	cancel struct{ id string }
	// reset ends sessions; answered with a []mm.SessionID. An empty module means all.
	reset struct {
		connection string
		module     mm.Module
	}
	// refused counts a request that Pool answered itself.
	refused struct{}
	// signIn and signOut are for the account of a connection; answered with a mm.AccountStatus or *mm.Error, and with a bool or
	// *mm.Error.
	signIn struct {
		order      mm.SignInOrder
		connection mm.Connection
	}
	signOut struct{ connection mm.Connection }
	// statusQuery is answered with a mm.PoolStatus, metricsQuery with a mm.Metrics without its uptime.
	statusQuery  struct{}
	metricsQuery struct{}
	// closeDoor has everything new refused; answered with what keeps it open, a holding, where only an idle pool shall close.
	closeDoor struct {
		ifIdle bool
		why    *mm.Error
	}
	// registryChanged carries the connections that there are now; those that are gone drain.
	registryChanged struct{ connections map[string]mm.Connection }
	// drainAll ends everything in good order; answered with a struct{} when nothing is left. haltAll hurries that up.
	drainAll struct{ why *mm.Error }
	haltAll  struct{ why *mm.Error }
)

// A holding is what a pool has that would be lost with it.
type holding struct{ requests, sessions int }

// Between sessions, connections and accounts.
type (
	// accountAsked and tokenDropped go from a session to the account, accountAnswered comes back. The ask is a session.AskToken or
	// session.AskSite, with that id.
	accountAsked struct {
		module mm.Module
		id     string
		ask    session.Effect
	}
	tokenDropped struct {
		module mm.Module
		id     string // empty: all of that session
	}
	accountAnswered struct {
		module mm.Module
		event  session.Event
	}
	// graphRequest goes down to the account.
	graphRequest struct {
		id         string
		call       mm.GraphCall
		connection mm.Connection
		problem    *mm.Error
		live       bool
	}
	// accountChanged comes up when what an account shows of itself has changed.
	accountChanged struct{ status mm.AccountStatus }
)

// Between the router, connections and sessions.
type (
	// request goes down to the session.
	request struct {
		module  mm.Module
		request session.Request
	}
	// cancelOne goes down to the session that has the request.
	cancelOne struct {
		module mm.Module
		id     string
	}
	// resetSessions goes down to a connection.
	resetSessions struct{ module mm.Module }
	// drain and halt go down; drained comes up when nothing is left below.
	drain   struct{ why *mm.Error }
	halt    struct{ why *mm.Error }
	drained struct{}
	// answer comes up: the one answer to a request.
	answer struct {
		id      string
		outcome mm.Outcome
	}
	// records come up while a request runs.
	records struct {
		id      string
		records []mm.Record
	}
	// statusChanged comes up when what a session shows of itself has changed.
	statusChanged struct{ status mm.SessionStatus }
	// sessionGone comes up when the actor of a session has ended.
	sessionGone struct{ id mm.SessionID }
	// askPlace and leavePlace come up, placeGranted goes down.
	askPlace     struct{ id mm.SessionID }
	leavePlace   struct{ id mm.SessionID }
	placeGranted struct{ id mm.SessionID }
)
