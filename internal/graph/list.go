package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxAnswer bounds what is read of one answer, in bytes after decompression. What does not fit into the room is read only to
// be counted.
const maxAnswer = 256 << 20

var errTooLarge = errors.New("the answer is too large")

// A room is what is left for items and characters.
type room struct{ items, chars int }

// A document is a JSON answer without noise, of which the items that fit are kept.
type document struct {
	members []member // of the object
	list    bool     // there are items: the member value, or the whole answer where bare
	bare    bool
	items   []json.RawMessage
	chars   int // of members and items
	dropped int64

	next, delta string
	count       int64 // -1: not told
	repaired    bool  // there were bytes that are no text
	cut         bool  // it went on beyond maxAnswer

	etags bool // are kept
	fits  room
}

// A member's value is nil where the items stand.
type member struct{ name, value []byte }

// readDocument reads a JSON value. The error is errTooLarge, a *json.SyntaxError, or what reading failed with.
func readDocument(body io.Reader, fits room, etags bool) (*document, error) {
	source := &bounded{r: body, left: maxAnswer}
	d := &document{count: -1, fits: fits, etags: etags}
	err := d.read(json.NewDecoder(source))
	if errors.Is(err, errTooLarge) && d.list && len(d.items) > 0 {
		d.cut = true // what was read of a list is worth something
		return d, nil
	}
	return d, err
}

// bounded fails with errTooLarge where a reader goes on for too long.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (d *document) read(in *json.Decoder) error {
	in.UseNumber()
	start, err := in.Token()
	if err != nil {
		return ended(err)
	}
	switch start {
	case json.Delim('{'):
		err = d.readObject(in)
	case json.Delim('['):
		d.list, d.bare = true, true
		err = d.readItems(in)
	default:
		value, _ := json.Marshal(start) // a text, number, boolean or null cannot fail
		d.members = []member{{value: value}}
	}
	if err != nil {
		return ended(err)
	}
	switch _, err = in.Token(); {
	case err == io.EOF:
		return nil
	case err == nil:
		return &json.SyntaxError{Offset: in.InputOffset()}
	}
	return err
}

// ended tells an answer that ends in its middle apart from one that is whole.
func ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *document) readObject(in *json.Decoder) error {
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if name == "value" && !d.list {
			if err := d.readValue(in); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return err
		}
		if err := d.add(name, value); err != nil {
			return err
		}
	}
	_, err := in.Token()
	return err
}

// readValue reads the member value, which is a list in most answers.
func (d *document) readValue(in *json.Decoder) error {
	start, err := in.Token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('['):
		d.list = true
		d.members = append(d.members, member{name: []byte(`"value"`)})
		return d.readItems(in)
	case json.Delim('{'):
		return d.readInner(in)
	}
	value, err := json.Marshal(start)
	if err != nil {
		return err
	}
	return d.add("value", value)
}

// readInner reads the rest of a value that is an object.
func (d *document) readInner(in *json.Decoder) error {
	var b bytes.Buffer
	b.WriteByte('{')
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(quote(fmt.Sprint(name)))
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	if _, err := in.Token(); err != nil {
		return err
	}
	return d.add("value", d.clean(b.Bytes()))
}

func (d *document) readItems(in *json.Decoder) error {
	for in.More() {
		var item json.RawMessage
		if err := in.Decode(&item); err != nil {
			return err
		}
		if d.dropped > 0 || len(d.items) >= d.fits.items {
			d.dropped++
			continue
		}
		item = d.clean(item)
		size := utf8.RuneCount(item) + 1
		if d.chars+size > d.fits.chars {
			d.dropped++
			continue
		}
		d.chars += size
		d.items = append(d.items, item)
	}
	_, err := in.Token()
	return err
}

// add keeps a member of the answer, or reads what it says of the list.
func (d *document) add(name string, value json.RawMessage) error {
	switch {
	case strings.EqualFold(name, "@odata.nextLink") || name == "nextLink" && d.list:
		_ = json.Unmarshal(value, &d.next) // no text: no continuation
		return nil
	case strings.EqualFold(name, "@odata.deltaLink"):
		_ = json.Unmarshal(value, &d.delta)
		return nil
	case strings.EqualFold(name, "@odata.count"):
		if json.Unmarshal(value, &d.count) != nil {
			d.count = -1
		}
		return nil
	case noise(name, d.etags):
		return nil
	}
	value = d.tidy(value)
	d.chars += utf8.RuneCount(value) + len(name) + 4
	if d.chars > d.fits.chars {
		return errTooLarge
	}
	d.members = append(d.members, member{name: quote(name), value: value})
	return nil
}

// clean takes the noise out of an item.
func (d *document) clean(item json.RawMessage) json.RawMessage {
	item = d.tidy(item)
	if !bytes.Contains(item, []byte("@odata.")) {
		return item
	}
	return withoutNoise(item, d.etags)
}

// tidy takes space and broken characters out of a value.
func (d *document) tidy(value json.RawMessage) json.RawMessage {
	if bytes.ContainsAny(value, "\n\r\t") {
		var b bytes.Buffer
		if json.Compact(&b, value) == nil {
			value = b.Bytes()
		}
	}
	if !utf8.Valid(value) {
		value, d.repaired = bytes.ToValidUTF8(value, []byte("\ufffd")), true
	}
	return value
}
