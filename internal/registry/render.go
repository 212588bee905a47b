package registry

import (
	"bytes"
	"encoding/json"
	"strings"
)

// defaultIndent is the indentation of a registry that has none of its own.
const defaultIndent = "  "

// render writes v as JSON with each member on a line of its own, and a newline at the end. Names, strings and numbers stand as
// they stood in the file, and lists that took one line there take one.
func render(v value, indent string) []byte {
	var b bytes.Buffer
	write(&b, v, indent, "\n")
	b.WriteByte('\n')
	return b.Bytes()
}

// write writes v; newline begins the line that v ends on.
func write(b *bytes.Buffer, v value, indent, newline string) {
	inner := newline + indent
	switch {
	case v.kind == kindObject && len(v.members) > 0:
		separator := "{"
		for _, m := range v.members {
			b.WriteString(separator + inner)
			b.Write(m.key)
			b.WriteString(": ")
			write(b, m.value, indent, inner)
			separator = ","
		}
		b.WriteString(newline + "}")
	case v.kind == kindObject:
		b.WriteString("{}")
	case v.kind == kindArray && v.inLine():
		b.Write(v.raw)
	case v.kind == kindArray:
		separator := "["
		for _, item := range v.items {
			b.WriteString(separator + inner)
			write(b, item, indent, inner)
			separator = ","
		}
		b.WriteString(newline + "]")
	default:
		b.Write(v.raw)
	}
}

// inLine reports whether a list stays on one line: it has been on one, and nothing in it has parts.
func (v value) inLine() bool {
	for _, item := range v.items {
		if item.kind == kindObject || item.kind == kindArray {
			return false
		}
	}
	return len(v.items) == 0 || !bytes.ContainsAny(v.raw, "\r\n")
}

// indentOf returns the indentation that an object has in the file, or the default.
func indentOf(v value) string {
	if len(v.members) == 0 {
		return defaultIndent
	}
	before, _, _ := bytes.Cut(v.raw, v.members[0].key)
	_, indent, ok := strings.Cut(strings.ReplaceAll(string(before), "\r", ""), "\n")
	if !ok || indent == "" || len(indent) > 8 || strings.Trim(indent, " \t") != "" {
		return defaultIndent
	}
	return indent
}

// Text is s as a JSON string, with no more escapes than it needs.
func Text(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string can always be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
