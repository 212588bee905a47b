package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A display shows a command while it runs: its output on a terminal as it appears, warnings and the like on standard error,
// progress in the last line. Its methods may be called from any goroutine.
type display struct {
	stdout, stderr screen

	mu     sync.Mutex
	status statusLine
	// progress is the last word of the command on how far it is; idle says what is shown before there is one.
	progress string
	idle     func(now time.Time) string
	shown    strings.Builder // output records, in their order
	pending  []mm.ErrorRecord
	told     map[mm.Stream][]string // of the other streams
	// objects says that errors are told as they come: they are in no text then.
	objects bool
}

func newDisplay(stdout, stderr screen, objects bool, idle func(now time.Time) string) *display {
	return &display{stdout: stdout, stderr: stderr, status: statusLine{screen: stderr}, objects: objects, idle: idle,
		told: map[mm.Stream][]string{}}
}

// watching returns what takes the records; nil where nobody watches, so that none are sent.
func (d *display) watching() mm.Progress {
	if !d.stdout.terminal() && !d.stderr.terminal() {
		return nil
	}
	return d.take
}

func (d *display) take(records []mm.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, rec := range records {
		switch rec.Stream {
		case mm.StreamProgress:
			d.progress = progressText(rec)
		case mm.StreamOutput:
			if d.stdout.terminal() {
				d.output(rec.Text)
			}
		case mm.StreamError:
			if d.objects {
				d.tell(rec.Stream, rec.Text)
			} else {
				d.pending = append(d.pending, mm.ErrorRecord{Message: rec.Text})
			}
		default:
			d.tell(rec.Stream, rec.Text)
		}
	}
	d.drawStatus(time.Now())
}

// tick lets the status line follow the clock.
func (d *display) tick(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drawStatus(now)
}

// drawStatus draws the status line, unless a line of output has not ended yet. d.mu is held.
func (d *display) drawStatus(now time.Time) {
	if d.midline() {
		return
	}
	text := d.progress
	if text == "" {
		text = d.idle(now)
	}
	d.status.draw(text, now)
}

// output shows rendered text: the command's, or its errors as they are rendered at its end. d.mu is held.
func (d *display) output(text string) {
	d.status.erase()
	if n := renderedErrors(text, d.pending); n > 0 || strings.HasPrefix(text, "ParserError: ") {
		d.pending = d.pending[n:]
		if d.midline() { // the errors begin a line of their own, in the answer's text too
			d.put("\n")
		}
		d.shown.WriteString(text)
		writeErrors(d.stderr, text)
		return
	}
	d.put(text)
}

// put writes output as it appears. A terminal that is gone tells with the rest of the output. d.mu is held.
func (d *display) put(text string) {
	d.shown.WriteString(text)
	_, _ = io.WriteString(d.stdout, d.stdout.safe(text))
}

// midline reports whether the last line of output has not ended yet. d.mu is held.
func (d *display) midline() bool {
	text := d.shown.String()
	return text != "" && !strings.HasSuffix(text, "\n")
}

// renderedErrors returns how many of the pending errors text is the rendering of: all, or the first.
func renderedErrors(text string, pending []mm.ErrorRecord) int {
	for _, n := range []int{len(pending), 1} {
		if n <= len(pending) && n > 0 {
			if at, ok := splitErrors(text, pending[:n]); ok && at == 0 {
				return n
			}
		}
	}
	return 0
}

// tell shows a record of another stream than output, where people want it. d.mu is held.
func (d *display) tell(stream mm.Stream, text string) {
	d.told[stream] = append(d.told[stream], text)
	if line := streamLine(d.stderr, stream, text); line != "" {
		d.status.erase()
		fmt.Fprintln(d.stderr, line)
	}
}

// streamLine is a record as PowerShell's console shows it; empty where it does not show it: Write-Host is in the output
// already, and Write-Information is silent.
func streamLine(s screen, stream mm.Stream, text string) string {
	switch stream {
	case mm.StreamError:
		return s.red("ERROR: " + plain(text))
	case mm.StreamWarning:
		return s.yellow("WARNING: " + plain(text))
	case mm.StreamVerbose:
		return s.yellow("VERBOSE: " + plain(text))
	case mm.StreamDebug:
		return s.yellow("DEBUG: " + plain(text))
	case mm.StreamConsole:
		return s.safe(strings.TrimRight(text, "\r\n"))
	}
	return ""
}

// pause erases the status line, for what is written by others.
func (d *display) pause() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.erase()
}

// finish shows what is still missing of a command's output and records: a slow terminal may have missed some.
func (d *display) finish(out mm.Outcome) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.erase()
	for _, s := range []struct {
		stream mm.Stream
		all    []string
	}{
		{mm.StreamConsole, out.Streams.Console}, {mm.StreamDebug, out.Streams.Debug},
		{mm.StreamVerbose, out.Streams.Verbose}, {mm.StreamWarning, out.Streams.Warning},
	} {
		for _, text := range missed(d.told[s.stream], s.all) {
			d.tell(s.stream, text)
		}
	}
	if d.objects {
		for _, text := range missed(d.told[mm.StreamError], messages(out.Errors)) {
			d.tell(mm.StreamError, text)
		}
		return nil
	}
	return d.finishText(out)
}

// finishText shows what is missing of the text. d.mu is held.
func (d *display) finishText(out mm.Outcome) error {
	text, shown := out.Output, d.shown.String()
	errorsAt, found := splitErrors(text, out.Errors)
	if out.Terminated == mm.ParseError {
		errorsAt, found = 0, true // nothing ran
	}
	from := len(shown)
	switch {
	case strings.HasPrefix(text, shown):
	case strings.HasPrefix(shown, text): // a bound has cut the text
		from = len(text)
	default:
		fmt.Fprintln(d.stdout, "\n"+d.stdout.dim("The terminal missed some of the output above. All of it, from the beginning:"))
		from = 0
	}
	if err := d.rest(text[min(from, errorsAt):errorsAt]); err != nil {
		return err
	}
	writeErrors(d.stderr, text[max(from, errorsAt):])
	if len(out.Errors) > 0 && !found && !d.stdout.terminal() {
		for _, m := range messages(out.Errors) {
			fmt.Fprintln(d.stderr, streamLine(d.stderr, mm.StreamError, m))
		}
	}
	return nil
}

// rest writes the end of the output, with one line end. d.mu is held.
func (d *display) rest(text string) error {
	if text = strings.TrimRight(text, "\r\n"); text == "" && !d.midline() {
		return nil
	}
	_, err := io.WriteString(d.stdout, d.stdout.safe(text)+"\n")
	return err
}

// writeErrors writes rendered errors as they are shown on standard error.
func writeErrors(s screen, text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\r\n")) {
		fmt.Fprintln(s, s.red(s.safe(strings.TrimRight(line, "\r\n"))))
	}
}

// missed returns what of all was not told. What was told is in the order of all.
func missed(told, all []string) []string {
	var rest []string
	for _, text := range all {
		if len(told) > 0 && told[0] == text {
			told = told[1:]
		} else {
			rest = append(rest, text)
		}
	}
	return rest
}

func messages(errors []mm.ErrorRecord) []string {
	list := make([]string, len(errors))
	for i, e := range errors {
		list[i] = e.Message
	}
	return list
}
