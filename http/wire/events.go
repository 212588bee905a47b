package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	mm "github.com/microsoft-master/mm"
)

// EventStream is the media type under which POST /run answers as a stream of server-sent events: any number of progress,
// then one result with what the plain answer would have been. Lines that begin with a colon only keep the connection alive.
const EventStream = "text/event-stream"

// The names of the events.
const (
	EventProgress = "progress"
	EventResult   = "result"
)

// KeepAlive is a comment of an event stream.
const KeepAlive = ":\n\n"

// WriteEvent writes one event. data is JSON on one line, as the Encode functions return it.
func WriteEvent(w io.Writer, name string, data []byte) error {
	_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data)
	return err
}

type progress struct {
	Records []mm.Record `json:"records"`
}

// EncodeProgress returns the data of a progress event.
func EncodeProgress(records []mm.Record) []byte { return mustEncode(progress{records}) }

// DecodeProgress reads the data of a progress event.
func DecodeProgress(data []byte) ([]mm.Record, error) {
	var p progress
	err := json.Unmarshal(data, &p)
	return p.Records, err
}

// ReadEvent reads the next event of a stream. At its end the error is io.EOF, or io.ErrUnexpectedEOF inside of an event.
// The caller bounds how much r may give.
func ReadEvent(r *bufio.Reader) (name string, data []byte, err error) {
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if err == io.EOF && (name != "" || len(line) > 0) {
				err = io.ErrUnexpectedEOF
			}
			return "", nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if name != "" {
				return name, data, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			data = value
		}
	}
}
