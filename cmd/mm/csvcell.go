package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// cellOf is a value as a cell: texts as they are, null empty, lists of simple values joined, the rest as JSON.
func cellOf(value json.RawMessage, by delimiter) string {
	switch value = bytes.TrimSpace(value); {
	case len(value) == 0 || value[0] == '{':
		return clean(compactJSON(value))
	case value[0] == '"':
		return textCell(scalar(value), by)
	case value[0] != '[':
		return numberCell(scalar(value), by)
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return clean(compactJSON(value))
	}
	parts := make([]string, len(list))
	for i, v := range list {
		if v[0] == '{' || v[0] == '[' {
			return clean(compactJSON(value))
		}
		parts[i] = scalar(v)
	}
	return textCell(strings.Join(parts, "; "), by)
}

// scalar is the text of a JSON value that is neither an object nor a list.
func scalar(value json.RawMessage) string {
	switch v := string(value); {
	case v == "null":
		return ""
	case v == "true":
		return "True" // as PowerShell writes it
	case v == "false":
		return "False"
	case v[0] == '"':
		var s string
		if json.Unmarshal(value, &s) == nil {
			return s
		}
		return v
	default:
		return v
	}
}

func compactJSON(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

var (
	// number is what Excel takes for one.
	number = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)
	// kept is a number that Excel shows as it is written.
	kept = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d*[1-9])?$`)
	// dateLike is what Excel takes for a date somewhere, though it is a version, a room or a size.
	dateLike = regexp.MustCompile(`^\d{1,4}[-.]\d{1,4}([-.]\d{1,4})?$`)
	// isoDate is a day that Excel takes for a date in every country, isoTime a time as PowerShell's objects have it.
	isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	isoTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$`)
)

// maxDigits is how many digits of a number Excel keeps; it makes zeros of the others.
const maxDigits = 15

// textCell is a text as a cell that shows it. A time loses its T, fraction and zone, without which Excel reads it; digits
// that Excel would change become a formula that gives them as text.
func textCell(s string, by delimiter) string {
	if t := isoTime.FindStringSubmatch(s); t != nil {
		return t[1] + " " + t[2]
	}
	if number.MatchString(s) && (by != ';' || !strings.Contains(s, ".")) {
		return exactly(s)
	}
	if dateLike.MatchString(s) && !isoDate.MatchString(s) {
		return quoted(s)
	}
	return defuse(s)
}

// numberCell is a number, True or False as a cell. A number with more digits than Excel keeps becomes text.
func numberCell(s string, by delimiter) string {
	if !strings.ContainsAny(s, "eE.") {
		return exactly(s)
	}
	if by == ';' && number.MatchString(s) {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// exactly is a number so that Excel shows all of it.
func exactly(s string) string {
	digits := len(strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(s), "0"))
	if !number.MatchString(s) || kept.MatchString(s) && digits <= maxDigits {
		return s
	}
	return quoted(s)
}

// quoted is a formula that gives s, which has only digits and signs, as text.
func quoted(s string) string { return `="` + s + `"` }

// defuse puts an apostrophe before a text that a spreadsheet would calculate.
func defuse(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size < len(s) && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + clean(s)
	}
	return clean(s)
}

// clean is text without control characters, which no cell can have, and with LF as its only line end.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, s)
}
