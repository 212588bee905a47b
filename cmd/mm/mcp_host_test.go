package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strconv"
	"testing"
)

const (
	mcpHello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	mcpTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

	mailboxes = `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox"}`
)

func toolCall(id int, args string) string {
	return `{"jsonrpc":"2.0","id":` + strconv.Itoa(id) + `,"method":"tools/call","params":{"name":"run","arguments":` + args + `}}`
}

// A host is an MCP host with `mm mcp` as its child.
type host struct {
	*exec.Cmd
	t      *testing.T
	in     io.WriteCloser
	pipe   io.ReadCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func (w *world) host() *host {
	w.t.Helper()
	h := &host{Cmd: w.mm("mcp"), t: w.t}
	h.Stderr = &h.stderr
	var err error
	if h.in, err = h.StdinPipe(); err != nil {
		w.t.Fatal(err)
	}
	if h.pipe, err = h.StdoutPipe(); err != nil {
		w.t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = h.Process.Kill() }) // gone already, unless the test failed
	h.out = bufio.NewReader(h.pipe)
	return h
}

func (h *host) send(message string) {
	h.t.Helper()
	if _, err := io.WriteString(h.in, message+"\n"); err != nil {
		h.t.Fatal(err)
	}
}

// ask sends a message and returns the next line that comes.
func (h *host) ask(message string) string {
	h.t.Helper()
	h.send(message)
	answer, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatal(err)
	}
	return answer
}

// end waits for the program's end and returns what it still wrote to its standard output.
func (h *host) end() string {
	h.t.Helper()
	rest, err := io.ReadAll(h.out)
	if err != nil {
		h.t.Error(err)
	}
	if err := h.Wait(); err != nil {
		h.t.Errorf("it ended with %v: %s", err, h.stderr.String())
	}
	return string(rest)
}

// A toolAnswer is the structuredContent of a result.
type toolAnswer struct {
	Status     string
	Text       string
	Code       string
	Executed   string
	RequestID  string `json:"request_id"`
	DeviceCode string `json:"device_code"`
}

func toolResult(t *testing.T, line string) toolAnswer {
	t.Helper()
	var r struct {
		Result struct{ StructuredContent toolAnswer }
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return r.Result.StructuredContent
}

// signIn signs the session of exo on Contoso-GA in, through the host.
func (h *host) signIn(w *world) {
	h.t.Helper()
	a := toolResult(h.t, h.ask(toolCall(1000, mailboxes)))
	if a.DeviceCode == "" {
		h.t.Fatalf("no device code: %+v", a)
	}
	if err := w.sb.Entra().Approve(a.DeviceCode, "admin@contoso.com"); err != nil {
		h.t.Fatal(err)
	}
	for id := 1001; a.Status != "success"; id++ {
		if a = toolResult(h.t, h.ask(toolCall(id, mailboxes))); a.Status == "error" {
			h.t.Fatalf("after the sign-in: %+v", a)
		}
	}
}
