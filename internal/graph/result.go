package graph

import (
	"bytes"
	"encoding/json"
	"fmt"

	mm "github.com/microsoft-master/mm"
)

// into makes the result.
func (d *document) into(r *run, result *mm.GraphResult) {
	result.Data, result.Count = d.data(), d.count
	if d.list {
		result.Items = len(d.items)
	}
	result.Next = r.continuation(d)
	result.Delta = result.Next != "" && d.next == ""
	if d.dropped > 0 || d.cut {
		result.Truncated = &mm.Truncated{KeptItems: int64(len(d.items)), DroppedItems: d.dropped, KeptChars: int64(d.chars)}
		why := "limits"
		if d.cut {
			why = "its size"
		}
		r.note(fmt.Sprintf("The list was cut after %d items by %s; next goes on behind the whole page. Get the rest with a lower $top, "+
			"a narrower $select, or jq.", len(d.items), why))
	}
}

// data puts the members together.
func (d *document) data() json.RawMessage {
	if !d.bare && len(d.members) == 1 && d.members[0].name == nil {
		return d.members[0].value
	}
	var b bytes.Buffer
	b.Grow(d.chars + 64)
	if d.bare {
		d.writeItems(&b)
		return b.Bytes()
	}
	b.WriteByte('{')
	for i, m := range d.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(m.name)
		b.WriteByte(':')
		if m.value == nil {
			d.writeItems(&b)
		} else {
			b.Write(m.value)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (d *document) writeItems(b *bytes.Buffer) {
	b.WriteByte('[')
	for i, item := range d.items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(item)
	}
	b.WriteByte(']')
}

// quote is a text as JSON, without escapes for HTML.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text cannot fail
	return bytes.TrimSpace(b.Bytes())
}
