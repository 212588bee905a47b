package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// maxParts is how many requests a $batch may have.
const maxParts = 20

// A part is one request of a $batch.
type part struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"` // without the version
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batch answers each part by itself. The answers come in the opposite order: clients must go by the ids.
func (s *Server) batch(r *http.Request, version string, body []byte) answer {
	var b struct{ Requests []part }
	if r.Method != http.MethodPost || json.Unmarshal(body, &b) != nil || len(b.Requests) == 0 {
		return badRequest("Invalid batch payload format.")
	}
	if len(b.Requests) > maxParts {
		return refused(http.StatusBadRequest, "MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of "+strconv.Itoa(maxParts)+".")
	}
	status := map[string]int{}
	for _, p := range b.Requests {
		if _, twice := status[p.ID]; p.ID == "" || twice {
			return badRequest("Every request of a batch needs an id of its own.")
		}
		status[p.ID] = 0
	}
	var out []odata.Object
	for _, p := range b.Requests {
		failed := slices.ContainsFunc(p.DependsOn, func(id string) bool { return status[id] < 200 || status[id] > 299 })
		var a odata.Object
		if failed {
			a = partAnswer(p.ID, failedDependency())
		} else {
			a = partAnswer(p.ID, s.part(r, version, p))
		}
		status[p.ID] = a["status"].(int)
		out = append(out, a)
	}
	slices.Reverse(out)
	return newAnswer(http.StatusOK, odata.Object{"responses": out})
}

func failedDependency() *recorder {
	return &recorder{header: http.Header{"Content-Type": {"application/json"}}, status: http.StatusFailedDependency,
		body: *bytes.NewBufferString(`{"error":{"code":"FailedDependency","message":"A request that this one depends on failed."}}`)}
}

// part has one request answered like any other, faults included.
func (s *Server) part(r *http.Request, version string, p part) *recorder {
	answered := &recorder{header: http.Header{}, status: http.StatusOK}
	body := []byte(p.Body)
	var text string
	if json.Unmarshal(p.Body, &text) == nil { // content, in base64
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			body = decoded
		}
	}
	address := "/" + version + "/" + strings.TrimPrefix(p.URL, "/")
	inner, err := http.NewRequestWithContext(r.Context(), strings.ToUpper(p.Method), address, bytes.NewReader(body))
	if err != nil || strings.Contains(strings.ToLower(address), "$batch") {
		badRequest("Invalid batch payload format.").write(answered, r)
		return answered
	}
	inner.Host = r.Host
	for name, value := range p.Headers {
		inner.Header.Set(name, value)
	}
	inner.Header.Set("Authorization", r.Header.Get("Authorization"))
	s.whole.ServeHTTP(answered, inner)
	return answered
}

// partAnswer is a part's answer as a batch has it.
func partAnswer(id string, r *recorder) odata.Object {
	headers := odata.Object{}
	for _, name := range []string{"Content-Type", "Location", "Retry-After", "OData-Version", "Cache-Control"} {
		if v := r.header.Get(name); v != "" {
			headers[name] = v
		}
	}
	out := odata.Object{"id": id, "status": r.status, "headers": headers}
	switch body := r.body.Bytes(); {
	case len(body) == 0:
	case strings.Contains(r.header.Get("Content-Type"), "json"):
		out["body"] = json.RawMessage(body)
	default:
		out["body"] = base64.StdEncoding.EncodeToString(body)
	}
	return out
}

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
