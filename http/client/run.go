package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

// slack is what a call may take besides the command's time in the queue and in execution: a first sign-in (60 s), stopping
// (2 s), and a loaded machine.
const slack = 90 * time.Second

// An errand is a request that may take long, and is sent under an id.
type errand struct {
	id      string
	session mm.SessionID
	timeout time.Duration // 0: the server knows its default; this client does not
	path    string
	body    []byte
}

// Run implements mm.Service.
func (c *Client) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	if cmd.RequestID == "" {
		cmd.RequestID = c.newID()
	}
	return c.perform(ctx, errand{cmd.RequestID, cmd.Session, cmd.Timeout, "/run", wire.EncodeRun(cmd)}, progress)
}

// Graph implements mm.Service.
func (c *Client) Graph(ctx context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	if r.RequestID == "" {
		r.RequestID = c.newID()
	}
	return c.perform(ctx, errand{r.RequestID, mm.SessionID{Connection: r.Connection}, r.Timeout, "/graph", wire.EncodeGraph(r)}, progress)
}

// perform always sends a request id. Where the connection breaks after the request was sent, it asks once more under that id,
// which attaches to the running request or finds its answer. It does so only of the same life of the server
// (wire.HeaderInstance): one that was started anew, and a pool that does not know request ids, would execute the request
// again.
func (c *Client) perform(ctx context.Context, e errand, progress mm.Progress) mm.Outcome {
	if e.timeout == 0 {
		e.timeout = mm.MaxTimeout
	}
	waiting, cancel := context.WithTimeout(ctx, 2*e.timeout+slack)
	defer cancel()

	ended := false
	instance := c.knownInstance(waiting)
	o, err := c.ask(waiting, e, progress, "")
	if err != nil && isBroken(err) && waiting.Err() == nil && instance != "" {
		o, err = c.ask(waiting, e, progress, instance)
		if _, ok := errors.AsType[*dialError](err); ok {
			ended = true
			err = fmt.Errorf("mm has ended: %w", cause(err)) // the first try was sent all the same
		}
	}
	failed := func(err *mm.Error) mm.Outcome { return mm.Failed(e.id, e.session, err) }
	switch {
	case err == nil:
		return o
	case ctx.Err() != nil:
		return failed(&mm.Error{Code: mm.Cancelled, Executed: mm.ExecutedMaybe,
			Message: "Nobody waits for the answer any more; the command itself goes on.",
			Remedy:  "Ask again with request id " + e.id + " for its answer, or cancel it."})
	case waiting.Err() != nil:
		return failed(&mm.Error{Code: mm.Timeout, Executed: mm.ExecutedMaybe,
			Message: fmt.Sprintf("mm at %s did not answer in time.", c.where),
			Remedy:  "Look with `mm status` what it does, and ask again with request id " + e.id + "."})
	}
	if e, ok := errors.AsType[*mm.Error](err); ok {
		return failed(e)
	}
	failure := c.transportError(err, mm.ExecutedMaybe)
	switch {
	case ended:
		failure.Remedy = "Whether the command took effect is not known: look before you send it again, under a new request id."
	case failure.Executed == mm.ExecutedMaybe:
		failure.Remedy = "Ask again with request id " + e.id + ": mm then finds the command, and does not run it twice."
	}
	return failed(failure)
}

// isBroken reports whether err came after a connection was made and before an answer was there.
func isBroken(err error) bool {
	_, dial := errors.AsType[*dialError](err)
	_, answered := errors.AsType[*mm.Error](err)
	return !dial && !answered && !errors.Is(err, errTooLarge)
}

// knownInstance returns which life of the server was met last. The first time it asks; where there is no answer, or an
// older pool's, it is empty.
func (c *Client) knownInstance(ctx context.Context) string {
	if c.instance.Load() == nil {
		_, _ = c.Health(ctx) // what is wrong shows when the command is sent
	}
	if name := c.instance.Load(); name != nil {
		return *name
	}
	return ""
}

// ask sends an errand, to that life of the server only where instance is not empty, and waits for its answer. The error is an
// *mm.Error where something else than mm answered.
func (c *Client) ask(ctx context.Context, e errand, progress mm.Progress, instance string) (mm.Outcome, error) {
	header := map[string]string{}
	if instance != "" {
		header[wire.HeaderInstance] = instance
	}
	if progress != nil {
		header["Accept"] = wire.EventStream
	}
	resp, err := c.send(ctx, http.MethodPost, e.path, e.body, header)
	if err != nil {
		return mm.Outcome{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var body []byte
	if strings.HasPrefix(resp.Header.Get("Content-Type"), wire.EventStream) {
		body, err = follow(resp.Body, progress)
	} else {
		body, err = readAll(resp)
	}
	if err != nil {
		return mm.Outcome{}, err
	}
	o, err := wire.DecodeOutcome(body, time.Now())
	if err != nil {
		return mm.Outcome{}, c.notMM(resp)
	}
	// An older pool, and an answer from before the request was read, name neither.
	if o.RequestID == "" {
		o.RequestID = e.id
	}
	if o.Session == (mm.SessionID{}) {
		o.Session = e.session
	}
	return o, nil
}

// follow hands the progress events of a stream on and returns the data of its result.
func follow(body io.Reader, progress mm.Progress) ([]byte, error) {
	limited := &io.LimitedReader{R: body}
	r := bufio.NewReaderSize(limited, 32<<10)
	for {
		limited.N = wire.MaxAnswer // for each event
		name, data, err := wire.ReadEvent(r)
		switch {
		case err != nil && limited.N <= 0:
			return nil, errTooLarge
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF // the result is missing
		case err != nil:
			return nil, err
		case name == wire.EventResult:
			return data, nil
		case name == wire.EventProgress:
			if records, err := wire.DecodeProgress(data); err == nil {
				progress(records)
			}
		}
	}
}
