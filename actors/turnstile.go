package actors

import (
	"slices"

	mm "github.com/microsoft-master/mm"
)

// A turnstile lets few sessions at once into something that costs much; the others wait in order.
type turnstile struct {
	places  int
	inside  []mm.SessionID
	waiting []mm.SessionID
}

// ask returns the sessions to let in.
func (t *turnstile) ask(id mm.SessionID) []mm.SessionID {
	if !slices.Contains(t.inside, id) && !slices.Contains(t.waiting, id) {
		t.waiting = append(t.waiting, id)
	}
	return t.admit()
}

// leave returns the sessions to let in now.
func (t *turnstile) leave(id mm.SessionID) []mm.SessionID {
	is := func(x mm.SessionID) bool { return x == id }
	t.inside = slices.DeleteFunc(t.inside, is)
	t.waiting = slices.DeleteFunc(t.waiting, is)
	return t.admit()
}

func (t *turnstile) admit() []mm.SessionID {
	n := min(t.places-len(t.inside), len(t.waiting))
	admitted := slices.Clone(t.waiting[:n])
	t.waiting = slices.Delete(t.waiting, 0, n)
	t.inside = append(t.inside, admitted...)
	return admitted
}
