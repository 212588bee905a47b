// Package automate is a stand-in for Power Automate's API: environments, flows and their runs. Runs that somebody starts go nowhere:
// they are recorded, see Server.Sent.
package automate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/graph"
)

// Options are what a Server needs from outside; the fields are those of graph.Options.
type Options struct {
	Tenants      []directory.Tenant
	Authenticate func(token string) (graph.Caller, error)
}

// A Server is the stand-in. It may be used from any goroutine.
type Server struct {
	opts Options

	mu   sync.Mutex
	sent []graph.Sent
}

// New returns a Server.
func New(o Options) *Server { return &Server{opts: o} }

const (
	prefix  = "/providers/Microsoft.ProcessSimple/"
	maxBody = 1 << 20
	maxSent = 10_000
	// page is how many runs a page has; each flow has three pages of them.
	page = 50
	runs = 150
)

// Sent returns the runs that were started or started again, the last 10,000.
func (s *Server) Sent() []graph.Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

type object = map[string]any

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	caller, err := s.opts.Authenticate(token)
	if err != nil {
		RefuseToken(w, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		Refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")
		return
	}
	t, known := directory.ByID(s.opts.Tenants, caller.TenantID)
	path, ours := cutFold(strings.TrimSuffix(r.URL.Path, "/"), prefix)
	switch {
	case !known:
		Refuse(w, http.StatusForbidden, "TenantNotFound", "The token is for a tenant that the sandbox does not have.")
	case r.URL.Query().Get("api-version") == "":
		Refuse(w, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case !ours:
		Refuse(w, http.StatusNotFound, "ResourceNotFound", "The resource could not be found.")
	default:
		s.route(w, r, caller, t, strings.Split(path, "/"), body)
	}
}

func (s *Server) route(w http.ResponseWriter, r *http.Request, caller graph.Caller, t directory.Tenant, p []string, body []byte) {
	environment := "Default-" + t.ID
	flows := flowsOf(t, environment)
	at := func(i int) string {
		if i < len(p) {
			return strings.ToLower(p[i])
		}
		return ""
	}
	if at(0) == "environments" && len(p) > 1 && !strings.EqualFold(p[1], environment) {
		Refuse(w, http.StatusNotFound, "EnvironmentNotFound", "The environment '"+p[1]+"' could not be found in the tenant '"+t.ID+"'.")
		return
	}
	i := slices.IndexFunc(flows, func(f object) bool { return strings.EqualFold(f["name"].(string), at(3)) })
	if len(p) > 3 && i < 0 {
		Refuse(w, http.StatusNotFound, "FlowNotFound", "Could not find flow '"+p[3]+"'.")
		return
	}
	get, post := r.Method == http.MethodGet, r.Method == http.MethodPost
	switch {
	case get && at(0) == "environments" && len(p) == 1:
		reply(w, http.StatusOK, object{"value": []object{environmentOf(t, environment)}})
	case get && len(p) == 2:
		reply(w, http.StatusOK, environmentOf(t, environment))
	case get && at(2) == "flows" && len(p) == 3:
		reply(w, http.StatusOK, object{"value": flows})
	case get && at(2) == "flows" && len(p) == 4:
		reply(w, http.StatusOK, flows[i])
	case get && at(4) == "runs" && len(p) == 5:
		s.listRuns(w, r, flows[i])
	case get && at(4) == "runs" && len(p) == 6:
		n, ok := runNumber(p[5])
		if !ok {
			Refuse(w, http.StatusNotFound, "WorkflowRunNotFound", "The workflow run '"+p[5]+"' could not be found.")
			return
		}
		reply(w, http.StatusOK, runOf(flows[i], n))
	case post && at(4) == "triggers" && at(6) == "run" && len(p) == 7, // of a manual trigger
		post && at(4) == "triggers" && at(6) == "histories" && at(8) == "resubmit" && len(p) == 9,
		post && at(4) == "runs" && at(6) == "resubmit" && len(p) == 7:
		s.record(r, caller, at(len(p)-1), body)
		w.Header().Set("X-Ms-Workflow-Run-Id", runName(runs+1))
		w.WriteHeader(http.StatusAccepted)
	case post && at(4) == "runs" && at(6) == "cancel", post && len(p) == 5 && (at(4) == "start" || at(4) == "stop"):
		reply(w, http.StatusOK, object{})
	default:
		Refuse(w, http.StatusNotFound, "ResourceNotFound", "The resource could not be found.")
	}
}

func (s *Server) record(r *http.Request, caller graph.Caller, kind string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) >= maxSent {
		s.sent = slices.Delete(s.sent, 0, maxSent/2)
	}
	s.sent = append(s.sent, graph.Sent{Kind: kind, Tenant: caller.TenantID, Account: caller.Account, Method: r.Method, Path: r.URL.Path, Body: body,
		At: time.Now()})
}

func environmentOf(t directory.Tenant, name string) object {
	return object{"name": name, "location": "europe", "type": "Microsoft.ProcessSimple/environments", "id": prefix + "environments/" + name,
		"properties": object{"displayName": t.DisplayName + " (default)", "isDefault": true, "provisioningState": "Succeeded", "azureRegionHint": "westeurope"}}
}

func flowsOf(t directory.Tenant, environment string) []object {
	var out []object
	for i, name := range []string{"Save attachments", "Weekly report", "Approve invoices"} {
		id := directory.GUID(t.DisplayName + "/flow/" + name)
		out = append(out, object{"name": id, "type": "Microsoft.ProcessSimple/environments/flows", "id": prefix + "environments/" + environment + "/flows/" + id,
			"properties": object{"displayName": name, "state": map[bool]string{true: "Started", false: "Stopped"}[i < 2], "createdTime": "2025-06-01T08:00:00Z",
				"environment": object{"name": environment}, "definitionSummary": object{"triggers": []object{{"type": "Request", "kind": "Button"}}}}})
	}
	return out
}

// listRuns answers with a page of runs, and how it goes on: nextLink, without @odata.
func (s *Server) listRuns(w http.ResponseWriter, r *http.Request, f object) {
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken")) // none, or one that is not ours: from the start
	skip = max(0, min(skip, runs))
	out := object{}
	var values []object
	for n := skip; n < min(runs, skip+page); n++ {
		values = append(values, runOf(f, n+1))
	}
	out["value"] = values
	if skip+page < runs {
		q := r.URL.Query()
		q.Set("$skiptoken", strconv.Itoa(skip+page))
		out["nextLink"] = "https://" + r.Host + r.URL.EscapedPath() + "?" + q.Encode()
	}
	reply(w, http.StatusOK, out)
}

func runName(n int) string { return fmt.Sprintf("085847%014dCU%02d", n, n%100) }

func runNumber(name string) (int, bool) {
	for n := range runs {
		if strings.EqualFold(runName(n+1), name) {
			return n + 1, true
		}
	}
	return 0, false
}

func runOf(f object, n int) object {
	start := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC).Add(-time.Duration(n) * time.Hour)
	return object{"name": runName(n), "type": "Microsoft.ProcessSimple/environments/flows/runs", "id": fmt.Sprint(f["id"], "/runs/", runName(n)),
		"properties": object{"startTime": start.Format(time.RFC3339), "endTime": start.Add(4 * time.Second).Format(time.RFC3339),
			"status": map[bool]string{true: "Failed", false: "Succeeded"}[n%7 == 0], "trigger": object{"name": "manual"}}}
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func reply(w http.ResponseWriter, status int, o object) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(o) // the client went away: nobody to tell
}

// Refuse answers with an error in the service's shape.
func Refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Ms-Request-Id", directory.GUID("flow "+strconv.FormatInt(time.Now().UnixNano(), 10)))
	reply(w, status, object{"error": object{"code": code, "message": message}})
}

// RefuseToken answers 401, with a challenge where why is a *graph.Challenge that has claims.
func RefuseToken(w http.ResponseWriter, why error) {
	header := `Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"`
	var challenge *graph.Challenge
	if errors.As(why, &challenge) && challenge.Claims != "" {
		header = graph.ChallengeHeader(challenge.Claims)
	}
	w.Header().Set("WWW-Authenticate", header)
	Refuse(w, http.StatusUnauthorized, "AuthenticationFailed", why.Error())
}
