package mcp

import (
	"context"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// scripted is a Service that answers as a test says and remembers what it was asked.
type scripted struct {
	connections []mm.Connection
	problem     error
	run         func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome

	graph func(ctx context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome

	mu        sync.Mutex
	requests  []mm.GraphRequest
	commands  []mm.Command
	cancelled chan string // gets the ids that Cancel is called with
	unknown   int         // how many calls of Cancel find nothing
}

func (s *scripted) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	s.mu.Lock()
	s.commands = append(s.commands, cmd)
	s.mu.Unlock()
	out := s.run(ctx, cmd, progress)
	out.RequestID, out.Session = cmd.RequestID, cmd.Session
	return out
}

func (s *scripted) Graph(ctx context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	out := s.graph(ctx, r, progress)
	out.RequestID, out.Session = r.RequestID, mm.SessionID{Connection: r.Connection}
	return out
}

func (s *scripted) Cancel(_ context.Context, id string) (bool, error) {
	s.mu.Lock()
	s.unknown--
	found := s.unknown < 0
	s.mu.Unlock()
	if found {
		s.cancelled <- id
	}
	return found, nil
}

func (s *scripted) Connections(context.Context) ([]mm.Connection, error) {
	return s.connections, s.problem
}

func (s *scripted) asked() []mm.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]mm.Command(nil), s.commands...)
}

// always answers every command with the same outcome.
func always(out mm.Outcome) func(context.Context, mm.Command, mm.Progress) mm.Outcome {
	return func(context.Context, mm.Command, mm.Progress) mm.Outcome { return out }
}

func prints(text string) mm.Outcome {
	return mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Output: text}}
}

func contoso() []mm.Connection {
	return []mm.Connection{
		{Name: "Contoso-GA", Description: "Contoso, global admin"},
		{Name: "Fabrikam-GA", Description: "Fabrikam", MCPs: []string{"other", "graph"}},
	}
}

// reports sends one progress record and is done.
func reports(_ context.Context, _ mm.Command, progress mm.Progress) mm.Outcome {
	if progress != nil {
		progress([]mm.Record{{Stream: mm.StreamInformation, Text: "under way"}})
	}
	return prints("done")
}
