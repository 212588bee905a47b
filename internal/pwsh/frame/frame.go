// Package frame is the language between mm and a PowerShell host: frames of JSON over a stream socket.
//
// A frame is a 4-byte big-endian length and that many bytes of UTF-8 JSON: one object with a member "op". The host speaks
// first, with hello. At most one invoke or call runs at a time; cancel, analyze, ping and collect are taken at any time.
// Ids are the supervisor's; what carries an unknown or finished id is dropped and counted, on both sides.
//
//	to the host                                 from the host
//	invoke   {id, script, format, width, …}     hello    {protocol, pid, ps, clr}
//	call     {id, module, command, …}           stream   {id, records}        any number, while it runs
//	cancel   {id}                               result   {id, output, …}      exactly one per invoke or call
//	analyze  {id, script}                       analysis {id, facts}
//	ping     {id}                               pong     {id, busy, rss}
//	collect                                     error    {id, code, detail}   in place of the answer
//	shutdown
package frame

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	mm "github.com/microsoft-master/mm"
)

// Protocol is the version that hello carries; both sides must have the same.
const Protocol = 1

// Max is the most bytes that a frame may have.
const Max = 64 << 20

// Ops of frames to the host.
const (
	OpInvoke   = "invoke"
	OpCall     = "call"
	OpCancel   = "cancel"
	OpAnalyze  = "analyze"
	OpPing     = "ping"
	OpCollect  = "collect"
	OpShutdown = "shutdown"
)

// Ops of frames from the host.
const (
	OpHello    = "hello"
	OpStream   = "stream"
	OpResult   = "result"
	OpAnalysis = "analysis"
	OpPong     = "pong"
	OpError    = "error"
)

// Codes of error frames.
const (
	CodeBusy     = "busy"
	CodeBadJSON  = "bad_json"
	CodeBadOp    = "bad_op"
	CodeTooLarge = "too_large"
	CodeInternal = "internal"
)

// A Request is a frame to the host. Which members count depends on Op.
type Request struct {
	Op string `json:"op"`
	ID string `json:"id,omitempty"`

	// invoke, analyze
	Script string `json:"script,omitempty"`

	// invoke
	Format   string `json:"format,omitempty"` // text, json, both
	Width    int    `json:"width,omitempty"`
	Depth    int    `json:"depth,omitempty"`
	MaxItems int    `json:"max_items,omitempty"`
	MaxChars int    `json:"max_chars,omitempty"`
	Live     bool   `json:"live,omitempty"` // rendered output as stream records too

	// call
	Module     string         `json:"module,omitempty"`
	Command    string         `json:"command,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Secrets    map[string]any `json:"secrets,omitempty"` // texts and lists of texts
	Select     []string       `json:"select,omitempty"`
}

// A Reply is a frame from the host. Which members count depends on Op.
type Reply struct {
	Op string `json:"op"`
	ID string `json:"id,omitempty"`

	// hello
	Protocol int    `json:"protocol,omitempty"`
	PID      int    `json:"pid,omitempty"`
	PS       string `json:"ps,omitempty"`
	CLR      string `json:"clr,omitempty"`

	// stream
	Records []mm.Record `json:"records,omitempty"`

	// result
	Why       string           `json:"why,omitempty"` // an mm.Termination
	Text      string           `json:"text,omitempty"`
	Objects   json.RawMessage  `json:"objects,omitempty"`
	Errors    []mm.ErrorRecord `json:"errors,omitempty"`
	Streams   *mm.Streams      `json:"streams,omitempty"` // all but console
	HadErrors bool             `json:"had_errors,omitempty"`
	Exit      *int             `json:"exit,omitempty"`
	LastExit  *int             `json:"last_exit_code,omitempty"`
	Truncated *mm.Truncated    `json:"truncated,omitempty"`
	Millis    float64          `json:"ms,omitempty"`
	Poisoned  string           `json:"poisoned,omitempty"`

	// analysis
	Facts *mm.Facts `json:"facts,omitempty"`

	// pong
	Busy bool  `json:"busy,omitempty"`
	RSS  int64 `json:"rss,omitempty"` // bytes

	// error
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Write sends v as one frame, in one call of w.Write. It must not be called from two goroutines at once.
func Write(w io.Writer, v any) error {
	buf, err := Encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(buf)
	return err
}

// Encode returns the bytes of v as one frame. The error says that v is no JSON or too large; then there is nothing to send.
func Encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("frame: %w", err)
	}
	if len(body) > Max {
		return nil, fmt.Errorf("frame: %d bytes are over the limit of %d", len(body), Max)
	}
	buf := make([]byte, 4+len(body))
	binary.BigEndian.PutUint32(buf, uint32(len(body)))
	copy(buf[4:], body)
	return buf, nil
}

// Read receives one frame into v. At the end of the stream between two frames the error is io.EOF.
func Read(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > Max {
		return fmt.Errorf("frame: %d bytes are over the limit of %d", n, Max)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	return nil
}
