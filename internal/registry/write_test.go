package registry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A disk is a file in memory that fails at one step, or is gone from then on. A write that fails leaves half of its bytes.
type disk struct {
	data    []byte
	step    int
	failing func(step int) bool
	killed  func(step int) bool // nothing happens any more, and nobody is told
	after   func(data []byte)
}

var errDisk = errors.New("the disk fails")

func (d *disk) WriteAt(b []byte, offset int64) (int, error) {
	return len(b), d.do(func(part float64) {
		b := b[:int(float64(len(b))*part)]
		if need := int(offset) + len(b); need > len(d.data) {
			d.data = append(d.data, make([]byte, need-len(d.data))...)
		}
		copy(d.data[offset:], b)
	})
}

func (d *disk) Truncate(size int64) error {
	return d.do(func(part float64) {
		if part == 1 {
			d.data = d.data[:size]
		}
	})
}

func (d *disk) Sync() error { return d.do(func(float64) {}) }

func (d *disk) do(change func(part float64)) error {
	step := d.step
	d.step++
	defer func() { d.after(d.data) }()
	switch {
	case d.killed(step):
		return nil
	case d.killed(step + 1): // this is the last step, and not all of it
		change(0.5)
		return nil
	case d.failing(step):
		change(0.5)
		return errDisk
	}
	change(1)
	return nil
}

func never(int) bool { return false }

func from(n int) func(int) bool { return func(step int) bool { return step >= n } }

// contents are pairs of what a file holds and shall hold.
var contents = map[string][2]string{
	"longer":             {`{"a": 1}`, `{"a": 1, "b": 2222222222}`},
	"shorter":            {`{"a": 1, "b": 2222222222}`, `{"a": 1}`},
	"as long":            {`{"a": 1}`, `{"b": 2}`},
	"from nothing":       {"", `{"a": 1}`},
	"from white space":   {"\n\n", `{"a": 1}`},
	"with a mark before": {"\uFEFF{}", `{"a": 1}`},
}

// isEither fails unless data is the old content, perhaps with spaces, or the new, or cannot be taken for a registry.
func isEither(t *testing.T, data []byte, old, text string) {
	t.Helper()
	isOld := strings.HasPrefix(string(data), old) && strings.Trim(string(data[len(old):]), " ") == ""
	isMarked := len(data) > 0 && data[0] == unfinished
	if !isOld && string(data) != text && !isMarked {
		t.Errorf("the file holds a mixture: %q", data)
	}
	if _, _, broken := parse(data); isMarked && (broken == nil || !broken.unfinished) {
		t.Errorf("what is half written is read: %q", data)
	}
}

func TestAFileIsRewrittenWhole(t *testing.T) {
	for name, c := range contents {
		t.Run(name, func(t *testing.T) {
			d := &disk{data: []byte(c[0]), failing: never, killed: never, after: func(data []byte) { isEither(t, data, c[0], c[1]) }}
			if err := rewrite(d, []byte(c[0]), []byte(c[1])); err != nil || string(d.data) != c[1] {
				t.Errorf("%v, content %q", err, d.data)
			}
		})
	}
}

func TestAfterAFailureTheOldContentIsBack(t *testing.T) {
	for name, c := range contents {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				failed := false
				d := &disk{data: []byte(c[0]), killed: never, after: func(data []byte) { isEither(t, data, c[0], c[1]) }}
				d.failing = func(step int) bool { failed = failed || step == n; return step == n }
				err := rewrite(d, []byte(c[0]), []byte(c[1]))
				if !failed {
					return // all steps have failed once
				}
				if !errors.Is(err, errDisk) || errors.Is(err, errDamaged) || !bytes.Equal(d.data, []byte(c[0])) {
					t.Errorf("step %d: %v, content %q", n, err, d.data)
				}
			}
		})
	}
}

func TestADiskThatIsGoneIsSaidAndLeavesNoMixture(t *testing.T) {
	for name, c := range contents {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				d := &disk{data: []byte(c[0]), failing: from(n), killed: never, after: func(data []byte) { isEither(t, data, c[0], c[1]) }}
				err := rewrite(d, []byte(c[0]), []byte(c[1]))
				if err == nil {
					return // more steps than there are
				}
				old := strings.TrimRight(string(d.data), " ") == strings.TrimRight(c[0], " ")
				if !old && !errors.Is(err, errDamaged) {
					t.Errorf("step %d: %v, content %q", n, err, d.data)
				}
			}
		})
	}
}

func TestAWriterThatIsKilledLeavesNoMixture(t *testing.T) {
	for name, c := range contents {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				d := &disk{data: []byte(c[0]), failing: never, killed: from(n), after: func(data []byte) { isEither(t, data, c[0], c[1]) }}
				if err := rewrite(d, []byte(c[0]), []byte(c[1])); err != nil {
					t.Fatal(err)
				}
				if d.step < n {
					return
				}
			}
		})
	}
}

func TestTheTextOfAFileIsSeenInParts(t *testing.T) {
	// The tests above rest on a disk that does what it is told.
	var steps []string
	d := &disk{data: []byte("{}"), failing: never, killed: never, after: func(data []byte) { steps = append(steps, fmt.Sprintf("%q", data)) }}
	if err := rewrite(d, []byte("{}"), []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	want := `"{}     " "{}     " "!}     " "!}     " "!\"a\":1}" "!\"a\":1}" "!\"a\":1}" "{\"a\":1}" "{\"a\":1}"`
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
