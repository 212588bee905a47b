package graph

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// maxFailure bounds what is read of the body of a failure, in bytes.
const maxFailure = 256 << 10

// A fault is what the body of a failure says.
type fault struct {
	code    string // Authorization_RequestDenied
	message string
	inner   string // the innermost code
	html    bool
}

// service is the service's name in messages.
func (r *run) service() string {
	if r.call.Resource == mm.FlowResource {
		return "Power Automate"
	}
	return "Graph"
}

// failed makes the error of an answer of 300 and above.
func (r *run) failed(resp *http.Response) *mm.Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxFailure)) // what came of it will do
	f := readFault(resp.Header, body)
	label := fmt.Sprint(resp.StatusCode)
	if f.code != "" {
		label += " (" + redact(r.connection, cutText(f.code, 100)) + ")"
	}
	message := redact(r.connection, f.message)
	switch {
	case f.html:
		message = "an HTML page came in place of an answer"
	case message == "":
		message = http.StatusText(resp.StatusCode)
	}
	e := r.fail("", fmt.Sprintf("%s API %s: %s", r.service(), label, message))
	e.Remedy = r.remedy(resp, f)
	if d, told := retryAfter(resp.Header, time.Now()); told && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500) {
		e.RetryAfter = d
	}
	return e
}

// readFault reads the shapes of errors that the services have: {"error":{"code","message","innerError":{…}}}, where error may
// be a text, and {"code","message"}.
func readFault(h http.Header, body []byte) fault {
	type shape struct {
		Code       string          `json:"code"`
		Message    json.RawMessage `json:"message"`
		Error      json.RawMessage `json:"error"`
		Text       string          `json:"error_description"`
		InnerError json.RawMessage `json:"innerError"`
		Details    []struct {
			Message string `json:"message"`
		} `json:"details"`
	}
	var top shape
	if len(body) == 0 || json.Unmarshal(body, &top) != nil && top.Error == nil {
		f := fault{html: kindOf(h, body) == kindHTML}
		if !f.html && kindOf(h, body) == kindText {
			f.message = cutText(string(body), maxMessage)
		}
		return f
	}
	e := top
	var code string
	switch {
	case json.Unmarshal(top.Error, &code) == nil && code != "":
		e.Code, e.Message = code, quote(top.Text)
	case len(top.Error) > 0:
		e = shape{}
		_ = json.Unmarshal(top.Error, &e) // what can be read of it will do
	}
	f := fault{code: e.Code, message: textOf(e.Message)}
	for _, d := range e.Details {
		if d.Message != "" && !strings.Contains(f.message, d.Message) && len(f.message) < maxMessage {
			f.message += " " + d.Message
		}
	}
	for inner, depth := e.InnerError, 0; len(inner) > 0 && depth < 5; depth++ {
		var in struct {
			Code  string          `json:"code"`
			Inner json.RawMessage `json:"innerError"`
		}
		if json.Unmarshal(inner, &in) != nil {
			break
		}
		if in.Code != "" {
			f.inner = in.Code
		}
		inner = in.Inner
	}
	return f
}

// textOf reads a message: a text, or {"value": text} as older services have it.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var old struct {
		Value string `json:"value"`
	}
	_ = json.Unmarshal(raw, &old) // neither: no message
	return old.Value
}

func cutText(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// unreachable makes the error of a request that was not answered. The address is not told: it may hold a signature.
func (r *run) unreachable(req *http.Request, err error) *mm.Error {
	host := req.URL.Host
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var op *net.OpError
	again := againRemedy(r.executed)
	switch {
	case errors.As(err, &untrusted):
		return r.fail("A proxy that reads encrypted traffic may be in between: let it leave out "+host+
			", or add its authority to the system's (SSL_CERT_FILE).", "The certificate of "+host+" is not trusted.")
	case errors.As(err, &dns):
		return r.fail("Check the network, and HTTPS_PROXY where there is a proxy.", "The name "+host+" cannot be resolved.")
	case errors.As(err, &op) && op.Op == "dial":
		return r.fail("Check the network, and HTTPS_PROXY where there is a proxy.", host+" cannot be reached.")
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return r.fail("Check HTTPS_PROXY.", "The proxy does not lead to "+host+".")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return r.fail(again, "The request was interrupted.") // Do tells it better
	}
	return r.fail(again, "The connection to "+host+" broke before it had answered.")
}

// brokenBody makes the error of an answer that could not be read to its end.
func (r *run) brokenBody(err error) *mm.Error {
	if bytes.Contains([]byte(err.Error()), []byte("gzip")) {
		return r.fail(againRemedy(r.executed), r.service()+"'s answer is compressed in a way that cannot be read.")
	}
	return r.fail(againRemedy(r.executed), r.service()+"'s answer ended before it was complete.")
}

// fileProblem makes the error of a file that cannot be read or written.
func (r *run) fileProblem(err error) *mm.Error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r.fail("Put the file below "+r.config.Shown+" and give its name there.", "There is no such file below "+r.config.Shown+".")
	case errors.Is(err, fs.ErrPermission):
		return r.fail("Let the user of the daemon read and write it.", "The file may not be opened.")
	case isFull(err):
		return r.fail("Make room below "+r.config.Shown+", then ask again.", "The disk is full. What was written of the file is removed.")
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return r.fail("Use a plain file below "+r.config.Shown+".", "The file cannot be used: "+err.Error()+".")
}
