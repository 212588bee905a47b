package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// A screen is where people read: with colour where it is a terminal, and plain elsewhere.
type screen struct {
	io.Writer
	colour bool
	width  int // columns; 0 where it is no terminal
}

func newScreen(f *os.File) screen {
	s := screen{Writer: f}
	if w, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.colour, s.width = os.Getenv("NO_COLOR") == "", w
	}
	return s
}

func (s screen) bold(text string) string  { return s.sgr("1", text) }
func (s screen) green(text string) string { return s.sgr("32", text) }
func (s screen) red(text string) string   { return s.sgr("31", text) }
func (s screen) dim(text string) string   { return s.sgr("2", text) }

func (s screen) sgr(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// table writes rows in columns; the first row is the heading.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// plain makes text from elsewhere safe for a line of a terminal: control characters, which could move the cursor or change
// the window's title, become spaces.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, text)), " ")
}
