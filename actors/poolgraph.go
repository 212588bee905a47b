package actors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	mm "github.com/microsoft-master/mm"
)

// Graph implements mm.Service.
func (p *Pool) Graph(ctx context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	id := mm.SessionID{Connection: r.Connection}
	connection, problem, err := p.admitGraph(r)
	var call mm.GraphCall
	if r.Timeout == 0 {
		r.Timeout = p.config.Timeout
	}
	if err == nil {
		id.Connection = connection.Name
		call, err = p.config.Graph.Prepare(connection, r)
	}
	if err != nil {
		p.send(refused{})
		return mm.Failed(r.RequestID, id, err)
	}
	keep := r.RequestID != ""
	if !keep {
		r.RequestID = p.config.NewID()
	}
	body, _ := json.Marshal(call) // texts and numbers only: cannot fail
	sum := sha256.Sum256(append([]byte(connection.Name+"\x00"), body...))
	return p.wait(ctx, submit{id: r.RequestID, session: id, command: mm.Command{Live: progress != nil, Caller: r.Caller}, graph: &call,
		connection: connection, problem: problem, keep: keep, digest: hex.EncodeToString(sum[:])}, progress)
}

// admitGraph checks what can be checked without the account.
func (p *Pool) admitGraph(r mm.GraphRequest) (mm.Connection, *mm.Error, *mm.Error) {
	none := mm.Connection{}
	switch {
	case p.config.Identity == nil || p.config.Graph == nil:
		return none, nil, mm.Errorf(mm.NotEnabled, "Use the tool run.", "This mm does not serve graph requests.")
	case r.Connection == "" || r.Endpoint == "" && r.Page == "":
		return none, nil, mm.Errorf(mm.BadRequest, "", "connection and endpoint are both required")
	case len(r.RequestID) > mm.MaxRequestID:
		return none, nil, mm.Errorf(mm.BadRequest, "", "The request_id is longer than %d bytes.", mm.MaxRequestID)
	case r.Timeout < 0 || r.Timeout > mm.MaxTimeout:
		return none, nil, mm.Errorf(mm.BadRequest, "", "The timeout must be between 1 second and %s.", mm.MaxTimeout)
	}
	connection, problem, err := p.find(r.Connection)
	if err != nil {
		return none, nil, err
	}
	return connection, problem, signsIn(connection)
}

// signsIn returns what a connection lacks to sign in with its own app.
func signsIn(c mm.Connection) *mm.Error {
	for _, f := range []struct{ value, key, example string }{{c.AppID, "appId", "APPLICATION-ID"}, {c.TenantOrID(), "tenant", "TENANT.onmicrosoft.com"}} {
		if f.value == "" {
			return mm.Errorf(mm.BadRequest, "Set it with: mm-connections edit '"+c.Name+"' "+f.key+" "+f.example,
				"Connection %s has no %s, which its sign-in needs.", c.Name, f.key)
		}
	}
	return nil
}

// SignIn implements mm.Admin.
func (p *Pool) SignIn(ctx context.Context, o mm.SignInOrder) (mm.AccountStatus, error) {
	connection, err := p.own(o.Connection)
	if err != nil {
		return mm.AccountStatus{}, err
	}
	if err := signsIn(connection); err != nil {
		return mm.AccountStatus{}, err
	}
	return askFor[mm.AccountStatus](ctx, p, signIn{order: o, connection: connection}, personLimit)
}

// SignOut implements mm.Admin.
func (p *Pool) SignOut(ctx context.Context, name string) (bool, error) {
	connection, err := p.own(name)
	if err != nil {
		return false, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return false, err
	}
	lived := slices.ContainsFunc(status.Sessions, func(s mm.SessionStatus) bool {
		return s.ID.Connection == connection.Name && s.State != mm.StateStopped && s.State != mm.StateError
	})
	was, failed := askFor[bool](ctx, p, signOut{connection: connection}, personLimit)
	if _, err := p.Reset(ctx, connection.Name, ""); failed == nil {
		failed = err
	}
	return was || lived, failed
}

// own returns a connection of the registry for whoever signs in or out.
func (p *Pool) own(name string) (mm.Connection, error) {
	if p.config.Identity == nil {
		return mm.Connection{}, mm.Errorf(mm.NotEnabled, "Run a command; it signs in.", "This mm has no sign-in of its own.")
	}
	connection, _, err := p.find(name)
	if err != nil {
		return connection, err
	}
	return connection, nil
}
