package contracttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A Kind is a kind of door. Kinds can be joined to a set.
type Kind int

// The kinds, and the sets that rules use.
const (
	InProcess Kind = 1 << iota
	Socket
	TCP
	MCP
	HTTP     = Socket | TCP
	Anywhere = InProcess | HTTP | MCP
)

// An Ask is a command as a client sends it through a door. What is zero is left out.
type Ask struct {
	Connection, Module, Command string
	RequestID                   string        // MCP takes those only that its answers named
	Timeout                     time.Duration // whole seconds
	Format                      mm.Format
	MaxItems                    int // not over MCP
}

// JSON is the ask as the body of POST /run, and as the arguments of the tool run.
func (a Ask) JSON() string {
	fields := map[string]any{"connection": a.Connection, "module": a.Module, "command": a.Command, "caller_id": "contracttest"}
	if a.RequestID != "" {
		fields["request_id"] = a.RequestID
	}
	if a.Timeout != 0 {
		fields["timeout_seconds"] = int(a.Timeout.Seconds())
	}
	if a.Format != "" {
		fields["format"] = a.Format
	}
	if a.MaxItems != 0 {
		fields["max_items"] = a.MaxItems
	}
	text, err := json.Marshal(fields)
	must(err)
	return string(text)
}

// Seen is what a client sees of the one answer.
type Seen struct {
	Status          mm.Status
	Text            string // what a person reads: the output, the message beside a code, the error; over MCP the content
	Output          string // what the command printed; over MCP it is in Text
	Code            mm.Code
	Remedy          string
	Executed        mm.Executed
	RetryAfter      int // seconds
	DeviceCode      string
	AuthURL         string
	ExpiresIn       int // seconds
	AuthenticatedAs string
	RequestID       string
	Objects         json.RawMessage
	Data            json.RawMessage // of a graph request; over MCP it is in Text
	Next            string
	GraphStatus     int    // Graph's own; 0 where it was not asked
	HTTPStatus      int    // 0 where the door has none
	Body            string // the answer as it came: HTTP's body, MCP's result; empty in process
}

// A Door is one way to the sessions. Its methods may be called from any goroutine.
type Door interface {
	Kind() Kind
	// Ask sends a command and waits for its answer. The error says that none came, or one that no client understands. When
	// ctx ends, the client goes away; one of MCP cancels its call before.
	Ask(ctx context.Context, a Ask) (Seen, error)
}

// A Request is any request of HTTP. A body is marked as JSON; over TCP the token is added, unless Header says otherwise.
type Request struct {
	Method, Path, Body string
	Header             map[string]string
}

// A Reply is the answer to a Request.
type Reply struct {
	Status int
	Header map[string]string // by canonical name
	Body   string
}

// A Sender is a door that takes any request of HTTP.
type Sender interface {
	Send(ctx context.Context, r Request) (Reply, error)
}

// A Caller is a door that takes any arguments of MCP's tool run, a JSON text.
type Caller interface {
	Call(ctx context.Context, arguments string) (Seen, error)
}

// SeenInProcess is what a caller in the daemon sees.
func SeenInProcess(o mm.Outcome) (Seen, error) {
	s := Seen{Status: o.Status, Text: o.Output, Output: o.Output, AuthenticatedAs: o.AuthenticatedAs, RequestID: o.RequestID, Objects: o.Objects}
	if g := o.Graph; g != nil {
		s.Text, s.Data, s.Next, s.GraphStatus = string(g.Data), g.Data, g.Next, g.HTTPStatus
	}
	if e := o.Err; e != nil {
		s.Text, s.Code, s.Remedy, s.Executed = e.Error(), e.Code, e.Remedy, e.Executed
		s.RetryAfter = int(math.Ceil(e.RetryAfter.Seconds()))
	}
	if c := o.Challenge; c != nil {
		s.Text, s.DeviceCode, s.AuthURL, s.ExpiresIn = c.Message, c.UserCode, c.URL, int(math.Ceil(time.Until(c.ExpiresAt).Seconds()))
	}
	return s, s.check()
}

// SeenOverHTTP reads an answer of POST /run and POST /graph.
func SeenOverHTTP(status int, contentType, body string) (Seen, error) {
	var a struct {
		Status            mm.Status
		Output            string
		Error, Message    string
		Code              mm.Code
		Remedy            string
		Executed          mm.Executed
		RetryAfterSeconds int    `json:"retry_after_seconds"`
		DeviceCode        string `json:"device_code"`
		AuthURL           string `json:"auth_url"`
		ExpiresIn         int    `json:"expires_in"`
		AuthenticatedAs   string `json:"authenticated_as"`
		RequestID         string `json:"request_id"`
		Objects           json.RawMessage
		Data              json.RawMessage
		Next              string
		GraphStatus       int `json:"http_status"`
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		return Seen{}, fmt.Errorf("HTTP status %d with a body that is no object: %w: %.200q", status, err, body)
	}
	s := Seen{Status: a.Status, Output: a.Output, Code: a.Code, Remedy: a.Remedy, Executed: a.Executed, RetryAfter: a.RetryAfterSeconds,
		DeviceCode: a.DeviceCode, AuthURL: a.AuthURL, ExpiresIn: a.ExpiresIn, AuthenticatedAs: a.AuthenticatedAs, RequestID: a.RequestID,
		Objects: a.Objects, Data: a.Data, Next: a.Next, GraphStatus: a.GraphStatus, HTTPStatus: status, Body: body}
	switch a.Status {
	case mm.StatusSuccess:
		s.Text = a.Output + string(a.Data)
	case mm.StatusAuthRequired:
		s.Text = a.Message
	default:
		s.Text = a.Error
	}
	if contentType != "application/json" {
		return s, fmt.Errorf("the answer's type is %q", contentType)
	}
	if refused := s.Status == mm.StatusError && a.Executed == mm.ExecutedNo; status != 200 && !refused {
		return s, fmt.Errorf("HTTP status %d with %.200s", status, body)
	}
	return s, s.check()
}

// SeenOverMCP reads the response to a call of a tool.
func SeenOverMCP(response string) (Seen, error) {
	var r struct {
		Result *struct {
			Content []struct{ Type, Text string }
			// Some hosts show a model this one only, others the content only.
			StructuredContent struct {
				Status            mm.Status
				Text              string
				Code              mm.Code
				Remedy            string
				Executed          mm.Executed
				RetryAfterSeconds int    `json:"retry_after_seconds"`
				DeviceCode        string `json:"device_code"`
				AuthURL           string `json:"auth_url"`
				ExpiresIn         int    `json:"expires_in"`
				RequestID         string `json:"request_id"`
				Objects           json.RawMessage
				Next              string
				GraphStatus       int `json:"http_status"`
			}
			IsError bool
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal([]byte(response), &r); err != nil {
		return Seen{}, fmt.Errorf("no response: %w: %.200q", err, response)
	}
	if r.Result == nil || len(r.Result.Content) != 1 || r.Result.Content[0].Type != "text" {
		return Seen{}, fmt.Errorf("the result is not one text: %.300s", response)
	}
	c := r.Result.StructuredContent
	s := Seen{Status: c.Status, Text: r.Result.Content[0].Text, Code: c.Code, Remedy: c.Remedy, Executed: c.Executed, RetryAfter: c.RetryAfterSeconds,
		DeviceCode: c.DeviceCode, AuthURL: c.AuthURL, ExpiresIn: c.ExpiresIn, RequestID: c.RequestID, Objects: c.Objects,
		Next: c.Next, GraphStatus: c.GraphStatus, Body: response}
	switch {
	case c.Text != s.Text:
		return s, fmt.Errorf("structuredContent says %q, the content %q", c.Text, s.Text)
	case r.Result.IsError != (c.Status == mm.StatusError):
		return s, fmt.Errorf("isError %t with status %s", r.Result.IsError, c.Status)
	case !strings.Contains(s.Text, c.DeviceCode), !strings.Contains(s.Text, c.Remedy):
		return s, fmt.Errorf("the text %q lacks the code or the remedy", s.Text)
	}
	return s, s.check()
}

// check holds what is true of every answer, through every door.
func (s Seen) check() error {
	problem := func(ok bool, format string, args ...any) error {
		if ok {
			return nil
		}
		return fmt.Errorf("status %s: "+format, append([]any{s.Status}, args...)...)
	}
	err := problem(!strings.Contains(s.Text+s.Output, "\x1b") && !strings.Contains(s.Body, `\u001b`), "an escape sequence in %q", s.Text)
	switch s.Status {
	case mm.StatusSuccess:
		return errors.Join(err, problem(s.Code == "" && s.DeviceCode == "", "with code %s and device code %q", s.Code, s.DeviceCode))
	case mm.StatusAuthRequired:
		return errors.Join(err,
			problem(deviceCode.MatchString(s.DeviceCode), "device code %q", s.DeviceCode),
			problem(strings.HasPrefix(s.AuthURL, "http"), "address %q", s.AuthURL),
			problem(strings.Contains(s.Text, s.DeviceCode), "the text %q lacks the code", s.Text),
			problem(s.ExpiresIn >= 0 && s.ExpiresIn <= 900, "expires in %d s", s.ExpiresIn))
	case mm.StatusError:
		return errors.Join(err,
			problem(s.Text != "", "no text"),
			problem(slices.Contains(codes, s.Code), "code %q", s.Code),
			problem(s.Executed == mm.ExecutedNo || s.Executed == mm.ExecutedYes || s.Executed == mm.ExecutedMaybe, "executed %q", s.Executed))
	}
	return fmt.Errorf("status %q", s.Status)
}

var deviceCode = regexp.MustCompile(`^[A-Z0-9]{8,10}$`)

// codes are those that compat.md's and architecture.md's readers know.
var codes = []mm.Code{mm.BadRequest, mm.RequestConflict, mm.Unauthorized, mm.UnknownConnection, mm.UnknownModule, mm.NotEnabled,
	mm.RegistryBroken, mm.Busy, mm.QueueTimeout, mm.LaunchFailed, mm.SignInFailed, mm.WrongAccount, mm.ParseFailed, mm.CommandFailed, mm.GraphFailed,
	mm.Timeout, mm.Cancelled, mm.SessionDied, mm.SessionReplaced, mm.Blocked, mm.NodeUnreachable, mm.ShuttingDown, mm.Internal}
