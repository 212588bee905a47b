package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
)

// A stepper ends a jq program that takes too many steps or too much memory: gojq asks its context before each step whether it
// has ended.
type stepper struct {
	context.Context
	steps int
	heap  uint64 // at the start
	why   error  // set when it was ended
}

// memoryEvery is how many steps lie between two looks at the memory.
const memoryEvery = 4096

func newStepper(ctx context.Context) *stepper { return &stepper{Context: ctx, heap: heap()} }

var over = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Done is called before each step. The one that begins with it is the program's only goroutine.
func (s *stepper) Done() <-chan struct{} {
	s.steps++
	switch {
	case s.why != nil:
	case s.steps > jqSteps:
		s.why = fmt.Errorf("it takes more than %d steps", jqSteps)
	case s.steps%memoryEvery == 0 && heap() > s.heap+jqMemory:
		s.why = fmt.Errorf("it takes more than %d MB of memory", jqMemory>>20)
	default:
		return s.Context.Done()
	}
	return over
}

// Err is why it ended.
func (s *stepper) Err() error {
	return errors.Join(s.why, s.Context.Err())
}

// heap is how many bytes of the heap are in use, by all of the program.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
