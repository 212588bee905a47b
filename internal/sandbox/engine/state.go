package engine

import (
	"os"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A state is what a session keeps from one command to the next. Commands run one after another, but scripts are analysed
// beside them.
type state struct {
	mu        sync.Mutex
	variables map[string]any    // by lower name; nil until there is one
	functions map[string][]node // by lower name; nil until there is one
	location  string            // empty: where the process is
	last      []any             // $LastResult
	signedIn  [4]*account       // by module, in the order of mm.Modules; nil: nobody
}

// maxNames bounds the variables of a session, and its functions.
const maxNames = 1000

func (s *state) variable(lower string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.variables[lower]
}

func (s *state) setVariable(name string, v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return set(&s.variables, name, v)
}

func (s *state) function(lower string) ([]node, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.functions[lower]
	return body, ok
}

func (s *state) setFunction(name string, body []node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return set(&s.functions, name, body)
}

func set[V any](m *map[string]V, name string, v V) error {
	if *m == nil {
		*m = map[string]V{}
	}
	lower := strings.ToLower(name)
	if _, known := (*m)[lower]; !known && len(*m) >= maxNames {
		return fail("The session has too many variables or functions for the stand-in engine.", "TooManyNames", "LimitsExceeded", name)
	}
	(*m)[lower] = v
	return nil
}

func (s *state) lastResult() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *state) setLastResult(items []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = items
}

// place is the session's location.
func (s *state) place() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.location == "" {
		s.location, _ = os.Getwd()
	}
	return s.location
}

func (s *state) setPlace(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.location = path
}

// account returns who is signed in to a module, or nil.
func (s *state) account(m mm.Module) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signedIn[slot(m)]
}

func (s *state) setAccount(m mm.Module, a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signedIn[slot(m)] = a
}

func slot(m mm.Module) int {
	for i, other := range mm.Modules() {
		if other == m {
			return i
		}
	}
	return 0
}
