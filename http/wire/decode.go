package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// wants says, for every request field, what is allowed in it.
var wants = map[string]string{
	"connection":      "a string",
	"module":          "a string: exo, pnp, azure or teams",
	"command":         "a string of at most 65536 bytes",
	"caller_id":       "a string of at most 256 bytes",
	"request_id":      "a string of at most 128 bytes",
	"timeout_seconds": "a whole number from 1 to 86400",
	"format":          `"text", "json" or "both"`,
	"width":           "a whole number from 20 to 10000",
	"depth":           "a whole number from 1 to 32",
	"max_items":       "a whole number from 1 to 1000000",
	"max_chars":       "a whole number from 100 to 33554432",
	"if_idle":         "true or false",
	"endpoint":        "a string like /me/messages?$top=5",
	"method":          "a string: for /graph GET, POST, PUT, PATCH or DELETE, for /sign-in device_code or browser",
	"resource":        "a string: graph or flow",
	"headers":         "an object of strings",
	"body_file":       "a string",
	"content_type":    "a string",
	"save_to":         "a string",
	"page":            "a string: the next of an earlier answer",
	"all":             "true or false",
	"jq":              "a string",
	"pasted":          "a string of at most 16384 bytes",
	"drain_seconds":   "a whole number from 0 to 86400",
	"why":             "a string of at most 256 bytes",
}

// byteOrderMark begins the files of some editors; it says nothing.
var byteOrderMark = []byte("\xef\xbb\xbf")

// decode reads a request's body into v, a pointer to a struct. An empty body counts as an empty object.
func decode(body []byte, v any) *mm.Error {
	body = bytes.TrimPrefix(body, byteOrderMark)
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		// encoding/json would put other characters in their place, and something else would be run than was sent.
		return mm.Errorf(mm.BadRequest, "Send it as UTF-8; in Windows PowerShell with "+
			"`-Body ([Text.Encoding]::UTF8.GetBytes($json))`.", "The body is not valid UTF-8.")
	}
	err := json.Unmarshal(body, v)
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return badField(wrongType.Field, wrongType.Value)
	case errors.As(err, &wrongType):
		return badRequest("The body is a JSON %s; want an object.", wrongType.Value)
	case errors.As(err, &syntax):
		return badRequest("The body is not valid JSON: %s (at byte %d).", syntax, syntax.Offset)
	}
	return badRequest("The body could not be read: %s.", err)
}

func badField(field, got string) *mm.Error {
	return badRequest("%s: want %s; got %s.", field, wants[field], got)
}

// checkLength refuses a text field of more than limit bytes.
func checkLength(field, value string, limit int) *mm.Error {
	if len(value) > limit {
		return badField(field, fmt.Sprintf("%d bytes", len(value)))
	}
	return nil
}

func badRequest(format string, args ...any) *mm.Error {
	return mm.Errorf(mm.BadRequest, "", format, args...)
}
