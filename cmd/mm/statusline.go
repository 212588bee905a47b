package main

import (
	"fmt"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// redrawEvery is the least time between two drawings of the status line.
const redrawEvery = 100 * time.Millisecond

// A statusLine shows the last progress of a command in the last line of a terminal, and nothing where there is none.
type statusLine struct {
	screen screen

	mu   sync.Mutex
	last time.Time
	done bool
}

// progress returns what takes the records; nil without a terminal, so that none are sent.
func (l *statusLine) progress() mm.Progress {
	if l.screen.width == 0 {
		return nil
	}
	return func(records []mm.Record) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if now := time.Now(); !l.done && len(records) > 0 && now.Sub(l.last) >= redrawEvery {
			l.last = now
			fmt.Fprintf(l.screen, "\r\x1b[K%s", l.screen.dim(fitLine(statusText(records[len(records)-1]), l.screen.width-1)))
		}
	}
}

// clear removes the line for good.
func (l *statusLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last.IsZero() && !l.done {
		fmt.Fprint(l.screen, "\r\x1b[K")
	}
	l.done = true
}

func statusText(rec mm.Record) string {
	text := plain(rec.Text)
	if rec.Stream == mm.StreamProgress {
		if rec.Activity != "" {
			text = plain(rec.Activity) + ": " + text
		}
		if rec.Percent >= 0 {
			text = fmt.Sprintf("%3d%% %s", rec.Percent, text)
		}
	}
	return text
}

// fitLine shortens text to n characters.
func fitLine(text string, n int) string {
	if r := []rune(text); len(r) > n && n > 0 {
		return string(r[:n-1]) + "…"
	}
	return text
}
