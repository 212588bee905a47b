package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// A screen is where people read: with colour and a status line where it is a terminal, and plain elsewhere.
type screen struct {
	io.Writer
	colour bool
	// cursor says that the cursor can be moved, so that a line can be drawn anew.
	cursor bool
	// size returns the columns that there are now; nil where it is no terminal.
	size func() int
}

// fallbackWidth is for terminals that do not know how wide they are.
const fallbackWidth = 80

// newScreen looks what f is. NO_COLOR turns colours off, and TERM=dumb everything that is more than text.
func newScreen(f *os.File) screen {
	s := screen{Writer: f}
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return s
	}
	s.size = func() int {
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			return w
		}
		return fallbackWidth
	}
	kind := os.Getenv("TERM")
	s.cursor = kind != "" && kind != "dumb"
	s.colour = s.cursor && os.Getenv("NO_COLOR") == ""
	return s
}

// screenOn is newScreen for what may be no file.
func screenOn(w io.Writer) screen {
	if f, ok := w.(*os.File); ok {
		return newScreen(f)
	}
	return screen{Writer: w}
}

// terminal reports whether a person reads as it is written.
func (s screen) terminal() bool { return s.size != nil }

// width is the number of columns now; 0 where it is no terminal.
func (s screen) width() int {
	if s.size == nil {
		return 0
	}
	return s.size()
}

func (s screen) bold(text string) string   { return s.sgr("1", text) }
func (s screen) dim(text string) string    { return s.sgr("2", text) }
func (s screen) red(text string) string    { return s.sgr("31", text) }
func (s screen) green(text string) string  { return s.sgr("32", text) }
func (s screen) yellow(text string) string { return s.sgr("33", text) }

func (s screen) sgr(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// safe makes text from elsewhere safe for this screen: on a terminal, control characters could move the cursor, change the
// window's title or hide what follows. Elsewhere it stays as it is, for programs.
func (s screen) safe(text string) string {
	if !s.terminal() {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case isControl(r):
			return '\ufffd'
		}
		return r
	}, text)
}

// isControl reports whether r is a control character of a terminal, or turns the direction of writing around.
func isControl(r rune) bool {
	return r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}

// plain makes text from elsewhere one line that is safe for a terminal.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, text)), " ")
}
