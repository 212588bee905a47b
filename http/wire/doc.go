// Package wire holds the JSON shapes of the pool API (port 5200 and the unix socket) and the conversions between them and
// the nouns of package mm. It is pure: bytes and values in, bytes and values out; the time comes in as a parameter.
//
// The shapes that older clients know keep their fields, names and order; what this project added stands after them and is
// left out where it says nothing. Times are RFC 3339 in UTC with milliseconds. Text is UTF-8, without HTML escapes.
//
// Requests are read strictly but kindly: a field that is not known is ignored, null counts as absent, and a field of the
// wrong type or out of its range is an *mm.Error with code bad_request that says what is allowed.
package wire

import (
	"bytes"
	"encoding/json"
	"time"
)

// MaxAnswer is the most bytes of an answer that a client reads. A PowerShell host sends at most 64 MiB in one frame; written
// anew as an answer, with other escapes, it stays well below this.
const MaxAnswer = 192 << 20

const timeLayout = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// encode returns v as compact JSON on one line. It fails only where v carries a json.RawMessage that is not JSON.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// mustEncode is encode for shapes without raw JSON, which cannot fail.
func mustEncode(v any) []byte {
	b, err := encode(v)
	if err != nil {
		panic("wire: " + err.Error())
	}
	return b
}
