package http

import "sync"

// conns are the open connections of a server.
type conns struct {
	mu      sync.Mutex
	open    map[*conn]bool // with whether an answer is under way
	closing bool
	none    chan struct{} // closed when closing and none is open
}

func newConns() *conns { return &conns{open: map[*conn]bool{}, none: make(chan struct{})} }

// add notes a connection, unless they are being closed.
func (s *conns) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.open[c] = false
	}
	return !s.closing
}

func (s *conns) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		delete(s.open, c)
		s.signal()
	}
}

// answering notes that c's client waits for an answer.
func (s *conns) answering(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		s.open[c] = true
	}
}

// answered notes that c's client has its answer.
func (s *conns) answered(c *conn) {
	s.mu.Lock()
	_, ok := s.open[c]
	if ok {
		s.open[c] = false
	}
	closing := s.closing
	s.mu.Unlock()
	if ok && closing {
		_ = c.abort()
	}
}

// close lets no further connections in and closes those whose clients wait for no answer; the others follow when they have
// theirs. none tells when all are closed.
func (s *conns) close() {
	s.mu.Lock()
	s.closing = true
	s.signal()
	s.mu.Unlock()
	s.abort(func(answering bool) bool { return !answering })
}

// closeAll closes what is left.
func (s *conns) closeAll() { s.abort(func(bool) bool { return true }) }

func (s *conns) abort(which func(answering bool) bool) {
	s.mu.Lock()
	var list []*conn
	for c, answering := range s.open {
		if which(answering) {
			list = append(list, c)
		}
	}
	s.mu.Unlock()
	for _, c := range list { // without the lock, which remove wants
		_ = c.abort()
	}
}

// signal closes none once.
func (s *conns) signal() {
	if !s.closing || len(s.open) > 0 {
		return
	}
	select {
	case <-s.none:
	default:
		close(s.none)
	}
}

// count returns how many are open.
func (s *conns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}
