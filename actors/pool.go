package actors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
	"github.com/microsoft-master/mm/internal/guard"
)

// Config is what a Pool needs from outside.
type Config struct {
	Registry mm.Registry
	Launcher mm.Launcher
	// Identity and Graph serve graph requests, and the tokens with which sessions sign in. Nil: every session has the sign-in of
	// its module, and graph requests are refused.
	Identity mm.Identity
	Graph    mm.Graph
	// NewID makes the ids of requests that have none; they must not repeat.
	NewID func() string
	// Timeout is that of commands which have none: mm.DefaultTimeout where 0.
	Timeout time.Duration
	Log     *slog.Logger // nil: nothing is logged
	// About describes this process; Started is set by Start.
	About mm.About
	// Stop begins the end of this process, which calls Shutdown; nil: it cannot be stopped by a request.
	Stop func(mm.StopRequest)

	judge   session.Judge                         // tests make it panic
	options func(kind string) []actor.PropsOption // tests watch and disturb actors
}

// props are the options of an actor of that kind. A message that finds its actor idle is handled in the goroutine that sends it:
// no Receive blocks, and waking a goroutine for each of the six steps of a command would cost more than all of them.
func (c *Config) props(kind string) []actor.PropsOption {
	options := []actor.PropsOption{actor.WithDispatcher(actor.NewSynchronizedDispatcher(throughput))}
	if c.options != nil {
		options = append(options, c.options(kind)...)
	}
	return options
}

// throughput is how many messages an actor handles before others have their turn.
const throughput = 300

// A Pool is the mm.Service and mm.Admin of this process.
type Pool struct {
	config Config
	system *actor.ActorSystem
	router *actor.PID
	gone   chan struct{} // closed when no request will be answered any more

	seen     atomic.Uint64 // version of the registry that the router knows
	shutdown sync.Once
}

var (
	_ mm.Service = (*Pool)(nil)
	_ mm.Admin   = (*Pool)(nil)
)

const (
	// askLimit is how long the router may take to answer a question; it answers at once, unless it is being restarted.
	askLimit = 5 * time.Second
	// personLimit is how long a sign-in may take to show its challenge.
	personLimit = 90 * time.Second
	// registryPeriod is how often the registry is looked at while nobody uses it, so that a removed connection drains.
	registryPeriod = 10 * time.Second
	// haltLimit is how long processes may take to be gone when they were killed.
	haltLimit = 5 * time.Second
)

// Start starts the actors. Shutdown ends them.
func Start(c Config) (*Pool, error) {
	if c.Registry == nil || c.Launcher == nil || c.NewID == nil {
		return nil, errors.New("actors: Registry, Launcher and NewID must be set")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.judge == nil {
		c.judge = guard.Judge
	}
	if c.Timeout == 0 {
		c.Timeout = mm.DefaultTimeout
	}
	c.About.Started = time.Now()
	p := &Pool{config: c, gone: make(chan struct{})}
	logger := slog.New(withoutMessages{c.Log.Handler()})
	p.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return logger }))
	ledger := newLedger()
	props := actor.PropsFromProducer(func() actor.Actor { return newRouter(&p.config, ledger) },
		append(c.props("router"), actor.WithGuardian(&restartRouter{log: c.Log}))...)
	pid, err := p.system.Root.SpawnNamed(props, "router")
	if err != nil {
		return nil, err
	}
	p.router = pid
	go p.watchRegistry()
	return p, nil
}

// Run implements mm.Service.
func (p *Pool) Run(ctx context.Context, c mm.Command, progress mm.Progress) mm.Outcome {
	c, connection, problem, err := p.admit(c)
	if err != nil {
		p.send(refused{})
		return mm.Failed(c.RequestID, c.Session, err)
	}
	c.Live = progress != nil
	keep := c.RequestID != ""
	if !keep {
		c.RequestID = p.config.NewID()
	}
	return p.wait(ctx, submit{id: c.RequestID, session: c.Session, command: c, connection: connection, problem: problem, keep: keep,
		digest: digest(c)}, progress)
}

// wait hands a request in and waits for its answer.
func (p *Pool) wait(ctx context.Context, s submit, progress mm.Progress) mm.Outcome {
	select {
	case <-p.gone:
		return mm.Failed(s.id, s.session, shuttingDown(mm.ExecutedNo))
	default:
	}
	w := newWaiter(progress != nil)
	s.waiter = w
	p.send(s)
	for {
		select {
		case o := <-w.done:
			w.drain(progress)
			return o
		case r := <-w.records:
			progress(r)
		case <-ctx.Done():
			p.send(leave{id: s.id, waiter: w})
			return mm.Failed(s.id, s.session, &mm.Error{Code: mm.Cancelled, Executed: mm.ExecutedMaybe,
				Message: "The caller did not wait for the answer; the command goes on.",
				Remedy:  "Ask again with the same request_id for its answer, or cancel it."})
		case <-p.gone:
			select {
			case o := <-w.done:
				w.drain(progress)
				return o
			default:
				return mm.Failed(s.id, s.session, shuttingDown(mm.ExecutedMaybe))
			}
		}
	}
}

// drain hands the records over that came before the answer.
func (w *waiter) drain(progress mm.Progress) {
	for {
		select {
		case r := <-w.records:
			progress(r)
		default:
			return
		}
	}
}

// admit checks what can be checked without a session, and completes the command. The problem is the registry's, where it is
// broken but its last good version has the connection.
func (p *Pool) admit(c mm.Command) (mm.Command, mm.Connection, *mm.Error, *mm.Error) {
	none := mm.Connection{}
	switch {
	case c.Session.Connection == "" || c.Session.Module == "" || strings.TrimSpace(c.Text) == "":
		return c, none, nil, mm.Errorf(mm.BadRequest, "", "Missing connection, module, or command")
	case len(c.Text) > mm.MaxScript:
		return c, none, nil, mm.Errorf(mm.BadRequest, "Send it in parts, or put the data into a file.",
			"The command has %d bytes; at most %d are taken.", len(c.Text), mm.MaxScript)
	case len(c.RequestID) > mm.MaxRequestID:
		return c, none, nil, mm.Errorf(mm.BadRequest, "", "The request_id is longer than %d bytes.", mm.MaxRequestID)
	case c.Timeout < 0 || c.Timeout > mm.MaxTimeout:
		return c, none, nil, mm.Errorf(mm.BadRequest, "", "The timeout must be between 1 second and %s.", mm.MaxTimeout)
	}
	module, ok := mm.ParseModule(string(c.Session.Module))
	if !ok {
		return c, none, nil, mm.Errorf(mm.UnknownModule, "The modules are exo, pnp, azure and teams.", "Unknown module: %s", c.Session.Module)
	}
	c.Session.Module = module
	if c.Timeout == 0 {
		c.Timeout = p.config.Timeout
	}
	connection, problem, err := p.find(c.Session.Connection)
	c.Session.Connection = connection.Name
	return c, connection, problem, err
}

// find returns the registry's entry of a connection, and the registry's problem where the entry is from its last good version.
func (p *Pool) find(name string) (mm.Connection, *mm.Error, *mm.Error) {
	registered := p.registry()
	connection, ok := lookup(registered.Connections, name)
	switch {
	case ok:
		return connection, registered.Problem, nil
	case registered.Problem != nil:
		return mm.Connection{Name: name}, nil, registered.Problem
	}
	return mm.Connection{Name: name}, nil, mm.Errorf(mm.UnknownConnection,
		"Available: "+strings.Join(slices.Sorted(maps.Keys(registered.Connections)), ", "), "Connection '%s' not found.", name)
}

// lookup finds a connection by its name, without regard to case where there is none of exactly that name.
func lookup(connections map[string]mm.Connection, name string) (mm.Connection, bool) {
	if c, ok := connections[name]; ok {
		return c, true
	}
	for n, c := range connections {
		if strings.EqualFold(n, name) {
			return c, true
		}
	}
	return mm.Connection{}, false
}

// registry reads the registry and tells the router where it has changed.
func (p *Pool) registry() mm.Registered {
	r := p.config.Registry.Read()
	if p.seen.Swap(r.Version) != r.Version {
		p.send(registryChanged{connections: r.Connections})
	}
	return r
}

func (p *Pool) watchRegistry() {
	ticker := time.NewTicker(registryPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.registry()
		case <-p.gone:
			return
		}
	}
}

// digest identifies the content of a command; the same request id with another content is a mistake.
func digest(c mm.Command) string {
	c.RequestID, c.Caller, c.Live = "", "", false
	body, _ := json.Marshal(c) // strings and numbers only: cannot fail
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Cancel implements mm.Service.
func (p *Pool) Cancel(ctx context.Context, requestID string) (bool, error) {
	return ask[bool](ctx, p, cancel{id: requestID})
}

// Connections implements mm.Service.
func (p *Pool) Connections(context.Context) ([]mm.Connection, error) {
	r := p.registry()
	list := slices.SortedFunc(maps.Values(r.Connections), func(a, b mm.Connection) int { return strings.Compare(a.Name, b.Name) })
	if r.Problem != nil {
		return list, r.Problem
	}
	return list, nil
}

// ask puts a question to the router and waits for the answer.
func ask[T any](ctx context.Context, p *Pool, question any) (T, error) {
	return askFor[T](ctx, p, question, askLimit)
}

// askFor is ask with more patience, for what others than the router answer.
func askFor[T any](ctx context.Context, p *Pool, question any, limit time.Duration) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, mm.Errorf(mm.Cancelled, "", "The caller did not wait for the answer.")
	}
	select {
	case <-p.gone:
		return none, shuttingDown(mm.ExecutedNo)
	default:
	}
	future := p.system.Root.RequestFuture(p.router, question, limit)
	answered := make(chan any, 1)
	go func() {
		v, err := future.Result()
		if err != nil {
			v = mm.Errorf(mm.Internal, "Try again.", "The router did not answer: %v", err)
		}
		answered <- v
	}()
	select {
	case v := <-answered:
		switch v := v.(type) {
		case T:
			return v, nil
		case *mm.Error:
			return none, v
		default:
			return none, mm.Errorf(mm.Internal, "Report this error.", "The router answered with %T.", v)
		}
	case <-ctx.Done():
		return none, mm.Errorf(mm.Cancelled, "", "The caller did not wait for the answer.")
	}
}

func (p *Pool) send(message any) { p.system.Root.Send(p.router, message) }

func shuttingDown(executed mm.Executed) *mm.Error {
	return &mm.Error{Code: mm.ShuttingDown, Executed: executed, Message: "mm is ending.", Remedy: "Start it again with `mm serve`."}
}

// Shutdown ends everything in good order: what runs may finish until ctx ends, then it is killed; nothing new is taken. When it
// returns, no process is left, or the error says which way it failed.
func (p *Pool) Shutdown(ctx context.Context) error {
	var err error
	p.shutdown.Do(func() {
		drained := make(chan error, 1)
		future := p.system.Root.RequestFuture(p.router, drainAll{why: shuttingDown(mm.ExecutedNo)}, mm.MaxTimeout)
		go func() { drained <- future.Wait() }()
		select {
		case err = <-drained:
		case <-ctx.Done():
			p.send(haltAll{why: shuttingDown(mm.ExecutedNo)})
			select {
			case err = <-drained:
			case <-time.After(haltLimit):
				err = errors.New("some PowerShell processes did not end in time")
			}
		}
		stopped := p.system.Root.StopFuture(p.router)
		if e := stopped.Wait(); err == nil {
			err = e
		}
		close(p.gone)
		p.system.Shutdown()
	})
	return err
}
