package mcp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fit joins body and the lines of tail into a text of about budget characters. Only body is cut, at the end of a line where
// there is one, and a last line says what was left out and how to get it. dropped counts the characters after body that
// PowerShell's side left out already. The tail is not cut, so a budget that it fills leaves a short body.
func fit(body string, dropped int64, tail []string, budget int) string {
	const notice = 200 // what the last line may take
	have := utf8.RuneCountInString(body)
	shown := body
	if room := budget - length(tail); have > room || dropped > 0 {
		shown = cut(body, max(room-notice, 0))
	}
	parts := make([]string, 0, len(tail)+2)
	if shown != "" {
		parts = append(parts, shown)
	}
	parts = append(parts, tail...)
	if shown != body || dropped > 0 {
		total := int64(have) + dropped
		parts = append(parts, fmt.Sprintf("[Cut: the first %s of %s characters are shown. Narrow with Select-Object, Where-Object or "+
			"-ResultSize, or raise max_chars.]", thousands(int64(utf8.RuneCountInString(shown))), thousands(total)))
	}
	return strings.Join(parts, "\n")
}

// cut returns the first n characters of s, back to the end of the last whole line where that keeps at least half of them.
func cut(s string, n int) string {
	end := 0
	for i := 0; i < n && end < len(s); i++ {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	if end == len(s) || s[end] == '\n' {
		return strings.TrimRight(s[:end], "\r\n")
	}
	if line := strings.LastIndexByte(s[:end], '\n'); line >= end/2 && line > 0 {
		end = line
	}
	return strings.TrimRight(s[:end], "\r\n")
}

// length counts the characters of lines with their line ends.
func length(lines []string) int {
	n := 0
	for _, l := range lines {
		n += utf8.RuneCountInString(l) + 1
	}
	return n
}

// splitArray returns the items of a JSON array; nil for none.
func splitArray(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var items []json.RawMessage
	err := json.Unmarshal(raw, &items)
	return items, err
}

// count is a number with its noun: 1 object, 2 objects.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands writes a number that is not negative with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
