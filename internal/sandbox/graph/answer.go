package graph

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// An answer is what a request gets. Its objects are not changed any more.
type answer struct {
	status  int
	header  http.Header
	object  any    // JSON; nil: content
	content []byte // with its type in the header
}

func newAnswer(status int, object any) answer {
	return answer{status: status, header: http.Header{}, object: object}
}

func noContent() answer { return newAnswer(http.StatusNoContent, nil) }

// accepted is the answer to what is sent: the service has it, and does it later.
func accepted() answer { return newAnswer(http.StatusAccepted, nil) }

func content(mediaType string, b []byte) answer {
	a := answer{status: http.StatusOK, header: http.Header{}, content: b}
	a.header.Set("Content-Type", mediaType)
	return a
}

// refused is an error in Graph's shape. The ids and the date of innerError are added when it is written.
func refused(status int, code, message string) answer {
	return newAnswer(status, odata.Object{"error": odata.Object{"code": code, "message": message}})
}

func badRequest(message string) answer { return refused(http.StatusBadRequest, "BadRequest", message) }

// write sends the answer with the headers that every one of Graph's has.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	id := directory.GUID("request " + strconv.FormatInt(time.Now().UnixNano(), 10))
	client := r.Header.Get("client-request-id")
	if client == "" {
		client = id
	}
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Request-Id", id)
	h.Set("Client-Request-Id", client)
	h.Set("X-Ms-Ags-Diagnostic", `{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"SANDBOX"}}`)
	if a.object == nil {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.content) // the client went away: nobody to tell
		return
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
		h.Set("OData-Version", "4.0")
	}
	if o, ok := a.object.(odata.Object); ok && a.status >= 400 {
		if e, ok := o["error"].(odata.Object); ok {
			e["innerError"] = odata.Object{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": client}
		}
	}
	text, err := json.Marshal(a.object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	_, _ = w.Write(text)
}

// Refuse answers with the error that Graph gives with a status.
func Refuse(w http.ResponseWriter, r *http.Request, status int) {
	code, text := "UnknownError", http.StatusText(status)
	switch status {
	case http.StatusUnauthorized:
		code, text = "InvalidAuthenticationToken", "Access token has expired or is not yet valid."
	case http.StatusForbidden:
		code, text = "accessDenied", "Access denied"
	case http.StatusNotFound:
		code, text = "itemNotFound", "The resource could not be found."
	case http.StatusConflict:
		code, text = "nameAlreadyExists", "The specified item name already exists."
	case http.StatusTooManyRequests:
		code, text = "TooManyRequests", "Too many requests. Please wait before sending more."
	case http.StatusInternalServerError:
		code, text = "InternalServerError", "Internal server error"
	case http.StatusBadGateway:
		code, text = "BadGateway", "Failed to execute backend request."
	case http.StatusServiceUnavailable:
		code, text = "ServiceUnavailable", "The service is temporarily unavailable."
	case http.StatusGatewayTimeout:
		code, text = "GatewayTimeout", "The request timed out in a service behind."
	}
	refused(status, code, text).write(w, r)
}

// RefuseToken answers 401, with a challenge where why is one.
func RefuseToken(w http.ResponseWriter, r *http.Request, why error) { unauthorised(why).write(w, r) }

// An area is a service behind Graph, which has its own words for errors.
type area struct{ denied, deniedText, missing, missingText string }

var (
	directoryArea = area{"Authorization_RequestDenied", "Insufficient privileges to complete the operation.",
		"Request_ResourceNotFound", "Resource does not exist or one of its queried reference-property objects are not present."}
	mailArea = area{"ErrorAccessDenied", "Access is denied. Check credentials and try again.",
		"ErrorItemNotFound", "The specified object was not found in the store."}
	filesArea = area{"accessDenied", "Access denied", "itemNotFound", "The resource could not be found."}
	teamsArea = area{"Forbidden", "", "NotFound", "The specified resource was not found."}
)

func (a area) forbidden(needed, have []string) answer {
	text := a.deniedText
	if text == "" { // Teams tells what is missing
		text = "Missing scope permissions on the request. API requires one of '" + strings.Join(needed, ", ") + "'. Scopes on the request '" +
			strings.Join(have, ", ") + "'"
	}
	return refused(http.StatusForbidden, a.denied, text)
}

func (a area) notFound() answer { return refused(http.StatusNotFound, a.missing, a.missingText) }

// words are what Graph says where it refuses.
type words string

func (w words) Error() string { return string(w) }
