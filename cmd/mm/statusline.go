package main

import (
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// redrawEvery is the least time between two drawings of the status line.
const redrawEvery = 100 * time.Millisecond

// A statusLine is the last line of a terminal, drawn anew as things go on; nothing where the cursor cannot be moved. Whoever
// writes to the terminal erases it first.
type statusLine struct {
	screen screen
	shown  string // what is on the screen
	drawn  int    // its columns; 0: nothing is
	last   time.Time
}

// draw shows text in place of what was shown, unless that was drawn just now.
func (l *statusLine) draw(text string, now time.Time) {
	if !l.screen.cursor || (l.drawn > 0 && now.Sub(l.last) < redrawEvery) {
		return
	}
	// The last column stays free: some terminals go to the next line with it.
	text = fitLine(text, l.screen.width()-1)
	if l.drawn > 0 && text == l.shown {
		return
	}
	l.erase()
	if text != "" {
		fmt.Fprint(l.screen, l.screen.dim(text))
		l.shown, l.drawn, l.last = text, textWidth(text), now
	}
}

// erase removes the line. A terminal that was made narrower since has broken it into several.
func (l *statusLine) erase() {
	if l.drawn == 0 {
		return
	}
	up := ""
	if lines := (l.drawn - 1) / max(1, l.screen.width()); lines > 0 {
		up = fmt.Sprintf("\x1b[%dA", lines)
	}
	fmt.Fprint(l.screen, "\r"+up+"\x1b[J")
	l.drawn = 0
}

// progressText is a progress record as one line.
func progressText(rec mm.Record) string {
	text := plain(rec.Text)
	if rec.Activity != "" {
		text = strings.TrimSuffix(plain(rec.Activity)+": "+text, ": ")
	}
	if rec.Percent >= 0 {
		text = fmt.Sprintf("%3d%% %s", rec.Percent, text)
	}
	return text
}

// clock is a duration as a person reads it off a clock: 14:05, 1:02:03.
func clock(d time.Duration) string {
	s := int64(max(0, d).Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
