package contracttest

import (
	"context"
	"encoding/json"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A GraphAsk is a graph request as a client sends it through a door. What is zero is left out.
type GraphAsk struct {
	Connection, Endpoint, Method, Resource string
	Body                                   string // JSON
	Page, JQ                               string
	All                                    bool
	RequestID                              string // MCP takes those only that its answers named
	Timeout                                time.Duration
}

// JSON is the ask as the body of POST /graph, and as the arguments of the tool graph_request.
func (a GraphAsk) JSON() string {
	fields := map[string]any{"caller_id": "contracttest", "confirmed": true} // what means nothing changes nothing
	for name, value := range map[string]string{"connection": a.Connection, "endpoint": a.Endpoint, "method": a.Method, "resource": a.Resource,
		"page": a.Page, "jq": a.JQ, "request_id": a.RequestID} {
		if value != "" {
			fields[name] = value
		}
	}
	if a.Body != "" {
		fields["body"] = json.RawMessage(a.Body)
	}
	if a.All {
		fields["all"] = true
	}
	if a.Timeout != 0 {
		fields["timeout_seconds"] = int(a.Timeout.Seconds())
	}
	text, err := json.Marshal(fields)
	must(err)
	return string(text)
}

// Request is the ask for a caller in the daemon.
func (a GraphAsk) Request() mm.GraphRequest {
	r := mm.GraphRequest{RequestID: a.RequestID, Connection: a.Connection, Caller: "contracttest", Resource: mm.Resource(a.Resource), Method: a.Method,
		Endpoint: a.Endpoint, Page: a.Page, JQ: a.JQ, All: a.All, Timeout: a.Timeout}
	if a.Body != "" {
		r.Body = json.RawMessage(a.Body)
	}
	return r
}

// A Grapher is a door that takes graph requests. Every Door of CompatGraph is one.
type Grapher interface {
	Graph(ctx context.Context, a GraphAsk) (Seen, error)
}

// graph sends a graph request as the visitor's connection, unless it names one.
func (v visitor) graph(a GraphAsk) Seen {
	v.t.Helper()
	if a.Connection == "" {
		a.Connection = v.connection
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	s, err := v.Door.(Grapher).Graph(ctx, a)
	if err != nil {
		v.t.Errorf("%s %s: %v", a.Method, a.Endpoint, err)
	}
	return s
}

// get sends a GET.
func (v visitor) get(endpoint string) Seen {
	v.t.Helper()
	return v.graph(GraphAsk{Endpoint: endpoint})
}

// graphCode asks for what needs a sign-in, and returns the device code.
func (v visitor) graphCode(a GraphAsk) Seen {
	v.t.Helper()
	s := v.graph(a)
	if s.Status != mm.StatusAuthRequired {
		v.t.Fatalf("%s: %s %q", a.Endpoint, s.Status, s.Text)
	}
	return s
}

// account signs the expected account of the visitor's connection in.
func (v visitor) account() {
	v.t.Helper()
	v.pool().account(v.connection)
}

// account signs the expected account of a connection in.
func (p pool) account(connection string) {
	p.t.Helper()
	o := p.Service.Graph(p.t.Context(), mm.GraphRequest{Connection: connection, Endpoint: "/me"}, nil)
	if o.Challenge == nil {
		p.t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	p.approve(connection, o.Challenge.UserCode)
	p.untilAccount(connection, mm.AccountSignedIn)
}

// untilAccount waits until the account of a connection has the state.
func (p pool) untilAccount(connection string, state mm.AccountState) {
	p.t.Helper()
	p.until(connection+" is "+string(state), func() bool { return p.accountStatus(connection).State == state })
}

// accountStatus returns what the pool tells of an account; the zero value where it has none.
func (p pool) accountStatus(connection string) mm.AccountStatus {
	p.t.Helper()
	all, err := p.Admin.Status(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range all.Accounts {
		if a.Connection == connection {
			return a
		}
	}
	return mm.AccountStatus{}
}
