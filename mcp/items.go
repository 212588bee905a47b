package mcp

import (
	"bytes"
	"encoding/json"
	"strings"
)

// items is a JSON text with a list, of which items can be left out at the end.
type items struct {
	before, after string // what stands around the items, brackets included
	all           []json.RawMessage
}

// itemsIn finds the list of an answer: the whole of it, or its member value, or the responses of a $batch.
func itemsIn(data json.RawMessage) (items, bool) {
	l := items{before: "[", after: "]"}
	if len(data) > 0 && data[0] == '[' {
		return l, json.Unmarshal(data, &l.all) == nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return l, false
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return l, false
		}
		if (name == "value" || name == "responses") && value[0] == '[' && json.Unmarshal(value, &l.all) == nil {
			end := d.InputOffset()
			l.before, l.after = string(data[:end-int64(len(value))])+"[", "]"+string(data[end:])
			return l, true
		}
	}
	return l, false
}

// fitting returns how many items have room in so many characters of text; -1 where not even what stands around them has.
func (l items) fitting(room int) int {
	if room -= chars(l.before) + chars(l.after) + 1; room < 0 {
		return -1
	}
	for n, item := range l.all {
		if room -= chars(string(item)) + len(",\n"); room < 0 {
			return n
		}
	}
	return len(l.all)
}

// text is the JSON text with the first n items, each on a line of its own.
func (l items) text(n int) string {
	if n == 0 {
		return l.before + l.after
	}
	var b strings.Builder
	b.WriteString(l.before)
	for i, item := range l.all[:n] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(item)
	}
	b.WriteString("\n" + l.after)
	return b.String()
}
