package mcp

import (
	"bufio"
	"context"
	"errors"
	"io"
)

// tailKept is how many bytes of the end of a line that is too long are kept: its id may be there.
const tailKept = 512

var errTooLong = errors.New("line too long")

// A line is one message, or the error that came in its place.
type line struct {
	text []byte // with errTooLong: its beginning
	tail []byte // with errTooLong: its end
	err  error
}

// read sends lines until ctx ends or a read fails. The rest of a line over most bytes is read and dropped.
func read(ctx context.Context, in io.Reader, most int, lines chan<- line) {
	r := bufio.NewReader(in)
	for {
		l := readLine(r, most)
		select {
		case lines <- l:
		case <-ctx.Done():
			return
		}
		if l.err != nil && l.err != errTooLong {
			return
		}
	}
}

func readLine(r *bufio.Reader, most int) line {
	var l line
	for {
		part, err := r.ReadSlice('\n')
		if l.err == nil && len(l.text)+len(part) > most {
			l.err = errTooLong
		}
		if l.err == nil {
			l.text = append(l.text, part...)
		} else {
			l.tail = append(l.tail, part...)
			l.tail = l.tail[max(0, len(l.tail)-tailKept):]
		}
		switch {
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(l.text) > 0:
			return l // the last line has no end; the next read says EOF again
		case err != nil:
			return line{err: err}
		default:
			return l
		}
	}
}
