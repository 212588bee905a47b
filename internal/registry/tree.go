package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A value is a JSON value that knows where it stands, so that a complaint can say line and column.
type value struct {
	offset  int    // of its first byte
	raw     []byte // its text, as it stands in the file
	kind    string
	text    string // of a string
	truth   bool   // of a boolean
	items   []value
	members []member
}

type member struct {
	name string
	key  []byte // the name's text, as it stands in the file
	value
}

// The kinds, in the words of a complaint.
const (
	kindObject = "an object"
	kindArray  = "a list"
	kindString = "a string"
	kindNumber = "a number"
	kindBool   = "true or false"
	kindNull   = "null"
)

// member returns the value of that name; null counts as absent.
func (v value) member(name string) (value, bool) {
	i := v.last(name)
	if i < 0 {
		return value{}, false
	}
	return v.members[i].value, v.members[i].kind != kindNull
}

// last returns the index of the member of that name, or -1. Of several, the last counts, as in other JSON readers.
func (v value) last(name string) int {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name == name {
			return i
		}
	}
	return -1
}

// A fault says what is wrong at one place of the file.
type fault struct {
	offset int
	text   string
	// syntax: the file may be half written.
	syntax bool
	// unfinished: the file is being rewritten by Edit, or that was broken off.
	unfinished bool
}

func faultAt(v value, format string, args ...any) *fault {
	return &fault{offset: v.offset, text: fmt.Sprintf(format, args...)}
}

// position returns the line and the column, in characters, of the byte at offset; both count from 1.
func position(data []byte, offset int) (line, column int) {
	before := data[:min(max(offset, 0), len(data))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// parseTree reads data as one JSON value.
func parseTree(data []byte) (value, *fault) {
	// Unmarshal checks everything first, nesting included, so that the walk below meets nothing unexpected.
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		offset := len(data)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && int(syntax.Offset) < len(data) {
			offset = int(syntax.Offset) - 1
		}
		return value{}, &fault{offset: offset, text: err.Error(), syntax: true}
	}
	d := walker{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	d.dec.UseNumber()
	return d.value(), nil
}

// A walker turns the tokens of valid JSON into values.
type walker struct {
	data []byte
	dec  *json.Decoder
}

// token returns the next token and where it begins.
func (d walker) token() (json.Token, int) {
	offset := int(d.dec.InputOffset())
	for offset < len(d.data) && bytes.IndexByte([]byte(" \t\r\n,:"), d.data[offset]) >= 0 {
		offset++
	}
	token, err := d.dec.Token()
	if err != nil {
		panic("registry: valid JSON cannot be read: " + err.Error())
	}
	return token, offset
}

func (d walker) value() value {
	token, offset := d.token()
	v := value{offset: offset}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			v.kind = kindObject
			for d.dec.More() {
				name, at := d.token()
				key := d.data[at:d.dec.InputOffset()]
				v.members = append(v.members, member{name.(string), key, d.value()})
			}
		} else {
			v.kind = kindArray
			for d.dec.More() {
				v.items = append(v.items, d.value())
			}
		}
		d.token() // the end
	case string:
		v.kind, v.text = kindString, t
	case json.Number:
		v.kind = kindNumber
	case bool:
		v.kind, v.truth = kindBool, t
	default:
		v.kind = kindNull
	}
	v.raw = d.data[offset:d.dec.InputOffset()]
	return v
}
