// Package contracttest holds two contracts as tests.
//
// Service is that of mm.Service and mm.Admin: what every front end may rely on, whichever way it reaches the sessions. The router
// in process passes it, and the client of the API over a unix socket and over TCP.
//
// Compat is that of the people who had mm before: the shapes and texts of the pool API and of MCP, as they come through each
// door. A rule is a row of a table in compat.go; new doors and new rules are added there.
//
// ServiceGraph and CompatGraph are the parts of the two that need a pool with accounts: graph requests, and the sign-in that they
// share with the sessions.
package contracttest

import (
	"context"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A Pool is one implementation under test.
type Pool struct {
	Service mm.Service
	Admin   mm.Admin
	// Remote says that the implementation is not on this machine as far as the pool knows: it may not ask About, nor Stop.
	Remote bool
	World
}

// Service runs the suite. open makes a new pool for every test, and cleans it up with the test.
func Service(t *testing.T, open func(t *testing.T) Pool) {
	for name, test := range map[string]func(*testing.T, pool){
		"the connections are listed by name":                               connectionsAreListed,
		"an unknown connection is named with the known ones":               unknownConnection,
		"an unknown module is named":                                       unknownModule,
		"a command without its parts is refused":                           missingParts,
		"a command that is too long is refused":                            tooLong,
		"everybody gets the same code until somebody signs in":             sameCode,
		"a command that needed a sign-in was not run":                      notRunBeforeSignIn,
		"output comes as it was printed":                                   outputIsWhole,
		"objects come where they were asked for":                           objectsComeAsJSON,
		"what is wished for bounds the answer":                             wishesAreRespected,
		"a command that throws is an error with what it printed":           throwing,
		"a command that writes errors and ends is a success":               writingErrors,
		"progress comes in order and before the answer":                    progressInOrder,
		"the commands of a session run one after another":                  oneAfterAnother,
		"sessions do not wait for each other":                              sessionsAreIndependent,
		"every one of many callers gets its own answer":                    ownAnswers,
		"a repeat attaches to the request that runs":                       repeatAttaches,
		"a repeat after the end finds the answer":                          repeatFindsAnswer,
		"another command under a used request id is a conflict":            otherContentConflicts,
		"a caller who leaves finds the answer later":                       leavingCaller,
		"a command that runs is cancelled and the session stays signed in": cancelRunning,
		"a command that waits is cancelled without being run":              cancelQueued,
		"what has ended or never was cannot be cancelled":                  cancelNothing,
		"a command that takes too long is ended":                           timeoutOfExecution,
		"a command that waits too long is not run":                         timeoutInQueue,
		"the death of a process is told and touches nobody else":           death,
		"a reset of one session answers what ran there":                    resetOne,
		"a reset of a connection ends all its sessions":                    resetAll,
		"a reset of what is not there resets nothing":                      resetNothing,
		"the status tells what the sessions do":                            statusTells,
		"names are taken without regard to case":                           anyCase,
		"a wrong account runs nothing":                                     wrongAccount,
		"a timeout out of its bounds is refused":                           timeoutBounds,
		"a full queue is busy":                                             fullQueue,
		"a broken registry is told and its last good version serves":       brokenRegistry,
		"a removed connection is not served any more":                      removedConnection,
		"another identity in the registry asks for a new sign-in":          changedIdentity,
		"the metrics count requests, errors and sign-ins":                  metricsCount,
		"the average is of at most a hundred answers":                      averageOfHundred,
		"the daemon describes itself":                                      aboutTells,
		"an idle pool can be stopped and takes nothing then":               stopIdle,
		"a pool in use is not stopped where only an idle one should be":    stopBusy,
		"a stop lets what runs go on":                                      stopDrains,
	} {
		runTest(t, name, open, test)
	}
}

func runTest(t *testing.T, name string, open func(*testing.T) Pool, test func(*testing.T, pool)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t, pool{t, open(t)})
	})
}

// patience is how long the suite waits for what must come.
const patience = 30 * time.Second

// A pool is a Pool in one test.
type pool struct {
	t *testing.T
	Pool
}

func (p pool) session(connection int, m mm.Module) mm.SessionID {
	return mm.SessionID{Connection: p.Connections[connection], Module: m}
}

// exo is the session that most tests use.
func (p pool) exo() mm.SessionID { return p.session(0, mm.Exchange) }

func command(s mm.SessionID, text string) mm.Command {
	return mm.Command{Session: s, Text: text, Caller: "contracttest", Timeout: patience}
}

// run runs a command and waits for its answer, which must belong to it.
func (p pool) run(c mm.Command) mm.Outcome {
	p.t.Helper()
	return p.follow(c, nil)
}

func (p pool) follow(c mm.Command, progress mm.Progress) mm.Outcome {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	o := p.Service.Run(ctx, c, progress)
	if ctx.Err() != nil {
		p.t.Errorf("%s: no answer within %s", c.Text, patience)
	}
	if c.RequestID != "" && o.RequestID != c.RequestID || o.RequestID == "" && o.Err == nil {
		p.t.Errorf("%s: request %q is answered under id %q", c.Text, c.RequestID, o.RequestID)
	}
	if (o.Err != nil) != (o.Status == mm.StatusError) || (o.Challenge != nil) != (o.Status == mm.StatusAuthRequired) {
		p.t.Errorf("%s: status %s with error %v and challenge %v", c.Text, o.Status, o.Err, o.Challenge)
	}
	return o
}

// signedIn signs the session in and returns its id.
func (p pool) signedIn(s mm.SessionID) mm.SessionID {
	p.t.Helper()
	code := ""
	p.until("the session is signed in", func() bool {
		o := p.run(command(s, `'signed in'`))
		if o.Err != nil {
			p.t.Fatalf("sign-in: %v", o.Err)
		}
		if o.Challenge != nil && o.Challenge.UserCode != code {
			code = o.Challenge.UserCode
			p.approve(s.Connection, code)
		}
		return o.Status == mm.StatusSuccess
	})
	return s
}

// until waits for a condition that nothing announces.
func (p pool) until(what string, met func() bool) {
	p.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// approve signs the expected account of a connection in.
func (p pool) approve(connection, code string) {
	p.t.Helper()
	if err := p.SignIn(code, p.Account(connection)); err != nil {
		p.t.Errorf("%s: %v", connection, err)
	}
}

// status returns what the pool tells of a session; the zero value where it has none.
func (p pool) status(s mm.SessionID) mm.SessionStatus {
	p.t.Helper()
	all, err := p.Admin.Status(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, one := range all.Sessions {
		if one.ID == s {
			return one
		}
	}
	return mm.SessionStatus{}
}

// A started command will have an answer.
type started struct {
	begun  <-chan struct{} // closed at its first progress
	answer <-chan mm.Outcome
}

// start runs a command that tells by a warning that it has begun.
func (p pool) start(c mm.Command) started {
	p.t.Helper()
	begun, answer := make(chan struct{}), make(chan mm.Outcome, 1)
	once := sync.OnceFunc(func() { close(begun) })
	go func() { answer <- p.follow(c, func([]mm.Record) { once() }) }()
	return started{begun, answer}
}

// startAndWait is start, and returns when the command runs.
func (p pool) startAndWait(c mm.Command) started {
	p.t.Helper()
	s := p.start(c)
	select {
	case <-s.begun:
	case o := <-s.answer:
		p.t.Fatalf("%s: answered at once: %+v", c.Text, o)
	case <-time.After(patience):
		p.t.Fatalf("%s: did not begin", c.Text)
	}
	return s
}

// Scripts that tell when they have begun.
const (
	waits = `Write-Warning 'begun'; Start-Sleep 60`
	dies  = `Write-Warning 'begun'; [Environment]::Exit(3)`
)

// succeeded fails unless o is a success with that output, but for the line's end.
func (p pool) succeeded(o mm.Outcome, output string) {
	p.t.Helper()
	if got := trimmed(o.Output); o.Status != mm.StatusSuccess || got != output {
		p.t.Errorf("%s with output %q and error %v; want success with %q", o.Status, got, o.Err, output)
	}
}

// failed fails unless o is an error of that code which says whether it was executed and what to do.
func (p pool) failed(o mm.Outcome, code mm.Code, executed ...mm.Executed) {
	p.t.Helper()
	p.isError(o.Err, code, executed...)
}

func (p pool) isError(e *mm.Error, code mm.Code, executed ...mm.Executed) {
	p.t.Helper()
	if e == nil {
		p.t.Errorf("no error; want %s", code)
		return
	}
	ok := false
	for _, x := range executed {
		ok = ok || e.Executed == x
	}
	if e.Code != code || !ok || e.Message == "" {
		p.t.Errorf("error %s, executed %s (%s); want %s, executed %v", e.Code, e.Executed, e, code, executed)
	}
}
