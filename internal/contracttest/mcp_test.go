package contracttest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/mcp"
)

// overMCP is a host that talks to the real stdio loop, whose Service is a client of the daemon's socket, as in production.
type overMCP struct {
	t  *testing.T
	in *io.PipeWriter

	mu      sync.Mutex
	last    int
	pending map[int]chan string // by the request's id; an answer to an id that is not in it came twice, or unasked
	left    map[int]bool        // cancelled: no answer is due
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"contracttest","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`

// asMCPHost starts a front end on svc and a host.
func asMCPHost(t *testing.T, svc mm.Service) *overMCP {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	d := &overMCP{t: t, in: inW, pending: map[int]chan string{0: make(chan string, 1)}, left: map[int]bool{}}
	served, read := make(chan error, 1), make(chan struct{})
	go func() {
		err := mcp.New(svc, mcp.Config{Version: "v1.2.3"}).Serve(context.Background(), inR, outW)
		_ = outW.Close()
		served <- err
	}()
	go func() {
		defer close(read)
		d.read(outR)
	}()
	t.Cleanup(func() {
		_ = inW.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		<-read
	})
	greeted := d.pending[0]
	if _, err := io.WriteString(inW, hello); err != nil {
		t.Fatal(err)
	}
	<-greeted
	return d
}

// read gives each response to whoever waits for it, once.
func (d *overMCP) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		var head struct{ ID *int }
		if err := json.Unmarshal([]byte(line), &head); err != nil || head.ID == nil {
			d.t.Errorf("MCP: no response: %s", line)
			continue
		}
		d.mu.Lock()
		waiting, due := d.pending[*head.ID], !d.left[*head.ID]
		delete(d.pending, *head.ID)
		d.mu.Unlock()
		switch {
		case waiting != nil:
			waiting <- line
		case due:
			d.t.Errorf("MCP: an answer that nobody waits for: %s", line)
		}
	}
}

func (*overMCP) Kind() contracttest.Kind { return contracttest.MCP }

func (d *overMCP) Ask(ctx context.Context, a contracttest.Ask) (contracttest.Seen, error) {
	return d.Call(ctx, a.JSON())
}

func (d *overMCP) Graph(ctx context.Context, a contracttest.GraphAsk) (contracttest.Seen, error) {
	return d.call(ctx, "graph_request", a.JSON())
}

// Call calls the tool run with the arguments, a JSON text.
func (d *overMCP) Call(ctx context.Context, arguments string) (contracttest.Seen, error) {
	return d.call(ctx, "run", arguments)
}

func (d *overMCP) call(ctx context.Context, tool, arguments string) (contracttest.Seen, error) {
	answer := make(chan string, 1)
	d.mu.Lock()
	d.last++
	id := d.last
	d.pending[id] = answer
	d.mu.Unlock()
	_, err := fmt.Fprintf(d.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`+"\n", id, tool, arguments)
	if err != nil {
		return contracttest.Seen{}, err
	}
	select {
	case line := <-answer:
		return contracttest.SeenOverMCP(line)
	case <-ctx.Done():
	}
	d.mu.Lock()
	d.left[id] = true
	delete(d.pending, id)
	d.mu.Unlock()
	_, err = fmt.Fprintf(d.in, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`+"\n", id)
	return contracttest.Seen{}, errors.Join(ctx.Err(), err)
}
