package main

import (
	"regexp"
	"strings"
	"unicode"

	mm "github.com/microsoft-master/mm"
)

// PowerShell's concise view of an error is either "Get-Mailbox: message", or a heading, the line of the script between
// bars, and the message after further bars, wrapped at the width.
var (
	bar        = regexp.MustCompile(`^(Line|\s*\d*) *\|`)
	moreErrors = regexp.MustCompile(`^… and (\d+) more errors\.$`)
)

// maxErrorLines bounds how many lines of a rendered error are looked through for its message.
const maxErrorLines = 500

// splitErrors returns where, in the text of a command, its errors begin, which the pool renders at the end: what is before
// them is for standard output, they are for standard error. It reports false where it does not find them; then the text is
// all output. What it finds is exact unless the output ends with a copy of an error.
func splitErrors(text string, errors []mm.ErrorRecord) (at int, ok bool) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if last := len(lines) - 1; moreErrors.MatchString(lines[last]) {
		// The errors before are the first ones.
		lines = lines[:last]
		errors = errors[:min(len(errors), shownErrors)]
	}
	if len(errors) == 0 {
		return len(text), false
	}
	first := len(lines)
	for i := len(errors) - 1; i >= 0; i-- {
		if first = lineOf(errors[i].Message, lines[:first]); first < 0 {
			return len(text), false
		}
		for first > 0 && bar.MatchString(lines[first]) {
			first-- // up to its heading
		}
	}
	for _, line := range lines[:first] {
		at += len(line) + 1
	}
	return at, true
}

// shownErrors is how many errors PowerShell's host renders.
const shownErrors = 100

// lineOf returns the last line from which on lines contain message, however it is wrapped; negative where there is none.
func lineOf(message string, lines []string) int {
	want := squeeze(message)
	if want == "" {
		return -1
	}
	seen := ""
	for i := len(lines) - 1; i >= 0 && len(lines)-i <= maxErrorLines; i-- {
		if seen = squeeze(lines[i]) + seen; strings.Contains(seen, want) {
			return i
		}
	}
	return -1
}

// squeeze is text without white space and without the bars that begin lines of the concise view.
func squeeze(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimLeftFunc(line, unicode.IsSpace)
		for _, r := range strings.TrimPrefix(line, "|") {
			if !unicode.IsSpace(r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
