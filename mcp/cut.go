package mcp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A page is the parts of a text that has to fit into a budget, in the order in which they are shown. Where they do not fit,
// a last line says what was left out and how to get it.
type page struct {
	lead    string   // what happened; empty: nothing but the body
	body    string   // what may be long
	dropped int64    // characters after body that PowerShell's side left out already
	asides  []string // lines that say more than the end of the body would; they are shortened last
	advice  string   // how to get the rest, a sentence
}

// notice is what the last line may take, in characters.
const notice = 150

// fit returns the text, of at most budget characters. The lead may take half of it and the asides a fifth.
func (p page) fit(budget int) string {
	lead, asides := p.lead, p.asides
	whole := chars(lead) + 1 + chars(p.body) + 1 + lines(asides)
	if whole <= budget && p.dropped == 0 {
		return join(lead, p.body, asides)
	}
	if lead != "" {
		lead = clip(lead, budget/2)
	}
	asides = shortened(asides, budget/5)
	body := cut(p.body, max(0, budget-notice-chars(lead)-1-lines(asides)))
	if body == p.body && p.dropped == 0 {
		return join(lead, body, asides) // only the lead or the asides were too long, and say so
	}
	return join(lead, body, append(asides, cutLine(int64(chars(body)), int64(chars(p.body))+p.dropped, p.advice)))
}

// cutLine says how many of so many characters are shown, and how to get the rest.
func cutLine(shown, of int64, advice string) string {
	return fmt.Sprintf("[Cut: the first %s of %s characters are shown. %s]", thousands(shown), thousands(of), advice)
}

func join(lead, body string, asides []string) string {
	parts := make([]string, 0, len(asides)+2)
	for _, part := range []string{lead, body} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, asides...), "\n")
}

// shortened returns the first of the lines, as many as have room, and a line that counts the rest.
func shortened(all []string, room int) []string {
	if lines(all) <= room {
		return all[:len(all):len(all)]
	}
	const more = 40 // what the last line may take
	var kept []string
	for _, l := range all {
		if room -= chars(l) + 1; room < more {
			break
		}
		kept = append(kept, l)
	}
	return append(kept, fmt.Sprintf("… and %s; raise max_chars.", count(int64(len(all)-len(kept)), "more line")))
}

// cut returns the first n characters of s, back to the end of the last whole line where that keeps at least half of them.
func cut(s string, n int) string {
	end := len(first(s, n))
	if end == len(s) || s[end] == '\n' {
		return strings.TrimRight(s[:end], "\r\n")
	}
	if line := strings.LastIndexByte(s[:end], '\n'); line >= end/2 && line > 0 {
		end = line
	}
	return strings.TrimRight(s[:end], "\r\n")
}

// clip shortens s to at most n characters, the last of them an ellipsis where something was cut.
func clip(s string, n int) string {
	if chars(s) <= n {
		return s
	}
	return first(s, n-1) + "…"
}

// first returns the first n characters of s, or all.
func first(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

func chars(s string) int { return utf8.RuneCountInString(s) }

// lines counts the characters of lines with their line ends.
func lines(all []string) int {
	n := 0
	for _, l := range all {
		n += chars(l) + 1
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
