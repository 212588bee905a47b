package main

import (
	"context"
	"errors"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// endingAnswer is what a daemon answers that is about to end.
func endingAnswer(mm.Command) mm.Outcome {
	return mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.ShuttingDown, "Start it again.", "mm is ending.")}
}

func TestARequestThatMeetsAnEndingDaemonGoesToTheNext(t *testing.T) {
	for _, c := range []struct {
		name         string
		err          *mm.Error
		notInTime    bool
		pools, waits int
		code         mm.Code
	}{
		{"it ends, and the next one answers", mm.Errorf(mm.ShuttingDown, "", "Ending."), false, 2, 1, ""},
		{"it was gone already", mm.Errorf(mm.NodeUnreachable, "", "Gone."), false, 2, 0, ""},
		{"it does not end in time", mm.Errorf(mm.ShuttingDown, "", "Ending."), true, 1, 1, mm.ShuttingDown},
		{"only its connection ends", &mm.Error{Code: mm.ShuttingDown, Executed: mm.ExecutedNo, RetryAfter: time.Second}, false, 1, 0, mm.ShuttingDown},
		{"it may have executed it", &mm.Error{Code: mm.ShuttingDown, Executed: mm.ExecutedMaybe}, false, 1, 0, mm.ShuttingDown},
		{"the connection broke", &mm.Error{Code: mm.NodeUnreachable, Executed: mm.ExecutedMaybe}, false, 1, 0, mm.NodeUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			pools, waits := 0, 0
			l := &lazyPool{
				dial: func(context.Context) (mm.Service, error) {
					pools++
					first := pools == 1
					return &fakePool{answer: func(mm.Command) mm.Outcome {
						if first {
							return mm.Outcome{Status: mm.StatusError, Err: c.err}
						}
						return printed("done")
					}}, nil
				},
				ended: func(context.Context) error {
					waits++
					if c.notInTime {
						return errors.New("not in time")
					}
					return nil
				},
			}
			out := l.Run(t.Context(), mm.Command{}, nil)
			if pools != c.pools || waits != c.waits {
				t.Errorf("%d pools, %d waits", pools, waits)
			}
			if c.code == "" && (out.Err != nil || out.Output != "done") || c.code != "" && (out.Err == nil || out.Err.Code != c.code) {
				t.Errorf("got %+v, %v", out, out.Err)
			}
		})
	}
}

func TestACallMeetsAFewEndingDaemonsAndNoMore(t *testing.T) {
	pools := 0
	l := &lazyPool{dial: func(context.Context) (mm.Service, error) {
		pools++
		return &fakePool{answer: endingAnswer}, nil
	}}
	if out := l.Run(t.Context(), mm.Command{}, nil); out.Err == nil || out.Err.Code != mm.ShuttingDown || pools != lazyTries {
		t.Errorf("%d pools, %v", pools, out.Err)
	}
}
