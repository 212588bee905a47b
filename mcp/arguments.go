package mcp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	mm "github.com/microsoft-master/mm"
)

// runArgs are the arguments of the tool run, with the defaults in place.
type runArgs struct {
	connection, module, command string
	timeout                     time.Duration // 0: the daemon's default
	format                      mm.Format
	maxChars                    int
	requestID                   string // of an earlier call whose answer is wanted; empty: this is a new one
}

// decodeRun reads the arguments of a call. Models and hosts are loose about them, so null and "" count as absent, a number
// may come as a string, an empty list stands for an empty object, the whole may be a string that holds the object, and what
// is unknown is ignored. The error has code bad_request.
func decodeRun(raw json.RawMessage) (runArgs, *mm.Error) {
	args := runArgs{format: mm.FormatText, maxChars: defaultMaxChars}
	fields, err := object(raw, "Send an object with connection, module and command.")
	if err != nil {
		return args, err
	}
	var format string
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"connection", &args.connection}, {"module", &args.module}, {"command", &args.command},
		{"format", &format}, {"request_id", &args.requestID},
	} {
		if *f.to, err = text(f.name, fields[f.name]); err != nil {
			return args, err
		}
	}
	if args.format, err = formatOf(format); err != nil {
		return args, err
	}
	if err := checkID(args.requestID); err != nil {
		return args, err
	}
	args.timeout, args.maxChars, err = bounds(fields)
	return args, err
}

// formatOf reads the argument format.
func formatOf(s string) (mm.Format, *mm.Error) {
	switch f := mm.Format(strings.ToLower(s)); f {
	case "":
		return mm.FormatText, nil
	case mm.FormatText, mm.FormatJSON, mm.FormatBoth:
		return f, nil
	}
	return "", mm.Errorf(mm.BadRequest, "Use text, json or both.", "There is no format %q.", s)
}

// checkID refuses a request id that no answer of this package has named.
func checkID(id string) *mm.Error {
	if id != "" && !isOurID(id) {
		return mm.Errorf(mm.BadRequest, "Leave it out for a new command.", "request_id is not one that an earlier answer named.")
	}
	return nil
}

// bounds reads the arguments timeout_seconds and max_chars.
func bounds(fields map[string]json.RawMessage) (timeout time.Duration, maxChars int, err *mm.Error) {
	seconds, err := number("timeout_seconds", fields["timeout_seconds"], 1, maxTimeoutSecs, 0)
	if err != nil {
		return 0, 0, err
	}
	maxChars, err = number("max_chars", fields["max_chars"], minMaxChars, maxMaxChars, defaultMaxChars)
	return time.Duration(seconds) * time.Second, maxChars, err
}

// object returns the members of the arguments; remedy says what belongs there.
func object(raw json.RawMessage, remedy string) (map[string]json.RawMessage, *mm.Error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '"' {
		inner, err := text("arguments", raw)
		if err != nil {
			return nil, err
		}
		if raw = json.RawMessage(inner); len(raw) > 0 && raw[0] == '"' {
			return nil, mm.Errorf(mm.BadRequest, remedy, "The arguments are a string.")
		}
	}
	var none []json.RawMessage
	if absent(raw) || (json.Unmarshal(raw, &none) == nil && len(none) == 0) {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil, mm.Errorf(mm.BadRequest, remedy, "The arguments are not an object.")
	}
	return fields, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// text returns a string argument without surrounding space; absent gives "".
func text(name string, raw json.RawMessage) (string, *mm.Error) {
	if absent(raw) {
		return "", nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", mm.Errorf(mm.BadRequest, "Send it as a JSON string.", "%s is not a string.", name)
	}
	if hasLoneSurrogate(raw) {
		return "", mm.Errorf(mm.BadRequest, "Send the whole character.", "%s has half of a character (a lone surrogate).", name)
	}
	return strings.TrimSpace(s), nil
}

// hasLoneSurrogate reports whether a JSON string escapes half of a character, for which encoding/json puts another one.
func hasLoneSurrogate(raw json.RawMessage) bool {
	unit := func(i int) rune { // of the escape that begins there; 0 for none
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0
		}
		r, _ := strconv.ParseUint(string(raw[i+2:i+6]), 16, 32)
		return rune(r)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		switch r := unit(i); {
		case !utf16.IsSurrogate(r):
			i++ // past what is escaped
		case utf16.DecodeRune(r, unit(i+6)) == '\ufffd':
			return true
		default:
			i += 11
		}
	}
	return false
}

// number returns a whole number between low and high, or def where it is absent or 0, which some hosts send for absent.
func number(name string, raw json.RawMessage, low, high, def int) (int, *mm.Error) {
	s := strings.TrimSpace(strings.Trim(string(raw), `"`))
	if absent(raw) || s == "" {
		return def, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	n := int(f)
	switch {
	case err == nil && f == 0:
		return def, nil
	case err == nil && float64(n) == f && n >= low && n <= high:
		return n, nil
	}
	return 0, mm.Errorf(mm.BadRequest, "Send a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high)+".",
		"%s is not in its range: %s.", name, clip(string(raw), 40))
}
