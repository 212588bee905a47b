package engine

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// linked returns the engine's end of a link to a host that has said hello.
func linked(t *testing.T) *link {
	t.Helper()
	h := newHost(mm.Connection{Name: "C"}, &site{}, 0)
	l := newLink(h)
	h.hello()
	t.Cleanup(func() { l.Close(); h.wait() })
	return l
}

// next reads one frame.
func next(t *testing.T, l *link) frame.Reply {
	t.Helper()
	var r frame.Reply
	if err := frame.Read(l, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestALinkCarriesFramesInWhateverPiecesTheyCome(t *testing.T) {
	l := linked(t)
	if r := next(t, l); r.Op != frame.OpHello {
		t.Errorf("first %+v", r)
	}
	var wire []byte
	for _, id := range []string{"1", "2"} {
		f, err := frame.Encode(frame.Request{Op: frame.OpPing, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		wire = append(wire, f...)
	}
	done := make(chan error)
	go func() {
		for _, b := range wire {
			if _, err := l.Write([]byte{b}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for _, id := range []string{"1", "2"} {
		if r := next(t, l); r.Op != frame.OpPong || r.ID != id {
			t.Errorf("pong %+v", r)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestALinkDeliversWhatWasWrittenBeforeItsEnd(t *testing.T) {
	l := linked(t)
	l.Close()
	if r := next(t, l); r.Op != frame.OpHello {
		t.Errorf("got %+v", r)
	}
	if _, err := l.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("then %v", err)
	}
	if _, err := l.Write([]byte{0, 0}); err == nil {
		t.Error("a write was accepted")
	}
}

func TestAReadEndsAtItsDeadline(t *testing.T) {
	in := func(set func(*link)) error {
		l := linked(t)
		next(t, l)
		set(l)
		_, err := l.Read(make([]byte, 1))
		return err
	}
	if err := in(func(l *link) { l.SetReadDeadline(time.Unix(1, 0)) }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline that has passed: %v", err)
	}
	if err := in(func(l *link) { l.SetReadDeadline(time.Now().Add(time.Millisecond)) }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline that passes: %v", err)
	}
	if err := in(func(l *link) {
		l.SetReadDeadline(time.Unix(1, 0))
		l.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Millisecond, func() { l.Close() })
	}); err != io.EOF {
		t.Errorf("a deadline that was taken back: %v", err)
	}
}

func TestWhatIsNoFrameEndsTheLink(t *testing.T) {
	l := linked(t)
	next(t, l)
	if _, err := l.Write([]byte{0, 0, 0, 1, 'x'}); err == nil {
		t.Error("no error")
	}
	if _, err := l.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("then %v", err)
	}
}
