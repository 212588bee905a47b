package contracttest

import (
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// A Front is a door under test, with what is behind it. A door of HTTP is a Sender too, one of MCP a Caller.
type Front struct {
	Door
	Service mm.Service // of the pool behind the door
	Admin   mm.Admin
	World
}

// A rule is a sentence of the contract with the people who had mm before.
type rule struct {
	name  string
	doors Kind
	with  trait
	test  func(t *testing.T, v visitor)
}

// A trait is what a rule needs of its surroundings.
type trait int

const (
	alone trait = 1 << iota // a pool of its own, with the sandbox's connections only
	real                    // holds with a real PowerShell too, and is quick there
)

// rules is the compatibility contract. Rules that share a pool have a connection each.
var rules = []rule{
	{"the first call shows a device code", HTTP | InProcess, real, firstCode},
	{"the first call shows a device code in the words that hosts know", MCP, 0, firstCodeInWords},
	{"every caller gets the same code, and what remains of its time", Anywhere, 0, sameCodeLessTime},
	{"after the sign-in the next call runs", Anywhere, real, afterSignIn},
	{"a command that met the code was not run", Anywhere, 0, notRunWithCode},
	{"with the wrong account nothing runs", Anywhere, 0, wrongAccountSeen},
	{"in the wrong tenant nothing runs", Anywhere, alone, wrongTenantSeen},
	{"a sign-in that is declined is told", Anywhere, 0, declined},

	{"an unknown connection is named beside the known ones", Anywhere, alone, unknownConnectionSeen},
	{"an unknown module is named", Anywhere, 0, unknownModuleSeen},
	{"a call without its parts says what is missing", Anywhere, 0, missingPartsSeen},
	{"a command that changes the identity is blocked", Anywhere, real, identityBlocked},
	{"a subscription may be chosen", Anywhere, 0, subscriptionAllowed},
	{"a full queue is told with HTTP status 200", HTTP, 0, busySeen},
	{"fields that mean nothing yet change nothing", HTTP | MCP, 0, unknownFields},
	{"a field out of its range is refused with what is allowed", HTTP, 0, rangesRefused},
	{"a request over 1 MiB is refused with HTTP status 413", HTTP, 0, tooLarge},
	{"POST over TCP needs the token, GET does not", TCP, 0, tokenNeeded},
	{"the socket needs no token", Socket, 0, noTokenNeeded},
	{"another path or method is refused in JSON", HTTP, 0, otherPaths},
	{"the daemon's own paths are on the socket only", HTTP, alone, ownPaths},

	{"a success has the shape that scripts know", HTTP, real, successShape},
	{"a result is the text alone", MCP, 0, successText},
	{"a command without output is a success", Anywhere, real, noOutput},
	{"a command that writes errors and ends is a success that ends with them", Anywhere, real, errorsAtTheEnd},
	{"a command that throws is an error with what it printed", Anywhere, real, thrown},
	{"a command that cannot be parsed is an error and is not run", Anywhere, real, unparsed},
	{"Write-Host stands in its place", Anywhere, real, writeHost},
	{"no output is taken for something else", Anywhere, real, hostileOutput},
	{"no escape sequence comes out", Anywhere, real, noEscapes},
	{"noise on every stream stays out of the output", Anywhere, 0, noise},
	{"streams and errors are fields of their own", HTTP, 0, streamsShape},
	{"objects come where they are asked for", Anywhere, real, objects},
	{"what is over a cap is counted", HTTP, 0, truncatedShape},
	{"an event stream ends with the answer", HTTP, 0, eventStream},

	{"a timeout is an error and keeps the sign-in", Anywhere, 0, timeoutSeen},
	{"a command that is cancelled is an error and keeps the sign-in", HTTP, 0, cancelSeen},
	{"a cancelled call stops its command and keeps the sign-in", MCP, 0, cancelledCall},
	{"the death of a process is an error", Anywhere, 0, deathSeen},
	{"a repeat finds the answer and never runs twice", Anywhere, 0, repeatSeen},
	{"a repeat of what met a device code runs after the sign-in", HTTP | InProcess, 0, repeatAfterSignIn},
	{"a repeat finds the answer of a client that went away", HTTP, 0, leftAndFound},
	{"another command under a used request id is HTTP status 409", HTTP, 0, conflict},

	{"health has its shape", HTTP, 0, healthShape},
	{"the status follows a session through its life", HTTP, alone, statusOfALife},
	{"a reset has its shapes", HTTP, 0, resetShapes},
	{"the metrics have their shape", HTTP, alone, metricsShape},
	{"the connections are listed with their known fields only", HTTP, alone, connectionsShape},
	{"a call without parameters lists the connections", MCP, alone, connectionsInWords},
	{"the app of a module comes from the module's entry, the registry's, the connection's", Anywhere, alone, appOfModule},
	{"what a connection lacks is said when it is needed", Anywhere, alone, lacking},
	{"the field mcps binds MCP only", Anywhere, alone, mcpsField},
	{"a broken registry is an error with line and column", Anywhere, alone, brokenRegistrySeen},
}

// Compat runs the rules of a door on stand-in engines. open makes a new pool with so many connections besides the sandbox's own,
// named Spare-01 and so on, and cleans it up with the test.
func Compat(t *testing.T, open func(t *testing.T, more int) Front) { hold(t, rules, open) }

func hold(t *testing.T, rules []rule, open func(t *testing.T, more int) Front) {
	t.Helper()
	shared := open(t, len(rules))
	for i, r := range rules {
		if r.doors&shared.Kind() == 0 {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if r.with&alone != 0 {
				front := open(t, 0)
				r.test(t, visitor{t, front, front.Connections[0]})
				return
			}
			r.test(t, visitor{t, shared, spare(shared, i)})
		})
	}
}

// CompatReal runs the rules that are quick enough on one pool of real PowerShell processes, with one session for all of them; the
// first of them signs it in.
func CompatReal(t *testing.T, f Front) {
	for _, r := range rules {
		if r.with&real != 0 && r.doors&f.Kind() != 0 {
			t.Run(r.name, func(t *testing.T) { r.test(t, visitor{t, f, f.Connections[0]}) })
		}
	}
}

// spare is the connection of a rule's own.
func spare(f Front, rule int) string {
	i := 0
	for _, name := range f.Connections {
		if strings.HasPrefix(name, "Spare-") {
			if i == rule {
				return name
			}
			i++
		}
	}
	panic("contracttest: fewer connections than rules")
}
