package mcp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// runArgs are the arguments of the tool run, with the defaults in place.
type runArgs struct {
	connection, module, command string
	timeout                     time.Duration // 0: the daemon's default
	format                      mm.Format
	maxChars                    int
}

// decodeRun reads the arguments of a call. Models and hosts are loose about them, so null and "" count as absent, a number
// may come as a string, and what is unknown is ignored. The error has code bad_request.
func decodeRun(raw json.RawMessage) (runArgs, *mm.Error) {
	args := runArgs{format: mm.FormatText, maxChars: defaultMaxChars}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return args, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return args, mm.Errorf(mm.BadRequest, "Send an object with connection, module and command.", "The arguments are not an object.")
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"connection", &args.connection}, {"module", &args.module}, {"command", &args.command}} {
		s, err := text(f.name, fields[f.name])
		if err != nil {
			return args, err
		}
		*f.to = s
	}
	format, err := text("format", fields["format"])
	if err != nil {
		return args, err
	}
	switch f := mm.Format(strings.ToLower(format)); f {
	case "":
	case mm.FormatText, mm.FormatJSON, mm.FormatBoth:
		args.format = f
	default:
		return args, mm.Errorf(mm.BadRequest, "Use text, json or both.", "There is no format %q.", format)
	}
	seconds, err := number("timeout_seconds", fields["timeout_seconds"], 1, maxTimeoutSecs, 0)
	if err != nil {
		return args, err
	}
	args.timeout = time.Duration(seconds) * time.Second
	args.maxChars, err = number("max_chars", fields["max_chars"], minMaxChars, maxMaxChars, defaultMaxChars)
	return args, err
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
	return strings.TrimSpace(s), nil
}

// number returns a whole number between low and high, or def where it is absent.
func number(name string, raw json.RawMessage, low, high, def int) (int, *mm.Error) {
	s := strings.TrimSpace(strings.Trim(string(raw), `"`))
	if absent(raw) || s == "" {
		return def, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if n := int(f); err == nil && float64(n) == f && n >= low && n <= high {
		return n, nil
	}
	return 0, mm.Errorf(mm.BadRequest, "Send a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high)+".",
		"%s is not in its range: %s.", name, raw)
}
