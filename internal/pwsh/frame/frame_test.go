package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFramesComeBackAsTheyWereSent(t *testing.T) {
	var pipe bytes.Buffer
	sent := []Request{
		{Op: OpInvoke, ID: "1", Script: "'ü€𝄞'\n\x00", Width: 120},
		{Op: OpCall, ID: "2", Command: "Connect-AzAccount", Parameters: map[string]any{"Tenant": "t"}, Secrets: map[string]any{"AccessToken": "s", "AccessTokens": []any{"a", "b"}}},
		{Op: OpShutdown},
	}
	for _, r := range sent {
		if err := Write(&pipe, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range sent {
		var got Request
		if err := Read(&pipe, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	if err := Read(&pipe, &Request{}); err != io.EOF {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
}

func TestReadRefusesWhatIsNoFrame(t *testing.T) {
	head := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"half a head":      {head(5)[:2], io.ErrUnexpectedEOF},
		"no body":          {head(5), io.ErrUnexpectedEOF},
		"half a body":      {append(head(5), "{}"...), io.ErrUnexpectedEOF},
		"too large":        {head(Max + 1), nil},
		"not JSON":         {append(head(3), "{x}"...), nil},
		"empty":            {head(0), nil},
		"a string for op":  {append(head(9), `{"op":42}`...), nil},
		"only a JSON null": {append(head(5), "\"abc\""...), nil},
	} {
		err := Read(bytes.NewReader(c.in), &Request{})
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want an error %v", name, err, c.want)
		}
	}
}

func TestWriteRefusesAFrameThatNobodyWouldTake(t *testing.T) {
	if err := Write(io.Discard, Request{Script: strings.Repeat("x", Max)}); err == nil {
		t.Error("no error")
	}
}
