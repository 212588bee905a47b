package graph

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// Options are what a Server needs from outside.
type Options struct {
	Tenants []directory.Tenant
	// Authenticate returns whom a token was issued to, or an error that says why it does not do; a *Challenge where a new token
	// would.
	Authenticate func(token string) (Caller, error)
	// Revoke ends the sign-ins of an account, for /me/revokeSignInSessions. May be nil.
	Revoke func(account string) int
	// Around wraps what answers a request, for faults; each part of a $batch passes it, too. May be nil.
	Around func(http.Handler) http.Handler
}

// A Caller is whom a token was issued to.
type Caller struct {
	TenantID, ObjectID, Account, AppID string
	Scopes                             []string
}

// may reports whether the caller has one of the scopes.
func (c Caller) may(scopes []string) bool {
	return len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
}

// A Challenge is the error of a token that a newer one has to replace.
type Challenge struct {
	Why    string
	Claims string // what to ask Entra for, as JSON; empty: the client does not understand claims
}

func (c *Challenge) Error() string { return c.Why }

// A Server is the stand-in. It may be used from any goroutine.
type Server struct {
	opts   Options
	routes []route
	whole  http.Handler // what answers a request, with the faults around it

	mu        sync.Mutex
	worlds    map[string]*world // by tenant id
	sent      []Sent
	uploads   map[string]*upload // by the secret of their address
	downloads map[string]download
	stored    int // bytes of content that were uploaded
}

// New returns a Server.
func New(o Options) *Server {
	s := &Server{opts: o, worlds: map[string]*world{}, uploads: map[string]*upload{}, downloads: map[string]download{}}
	s.routes = slices.Concat(directoryRoutes(), mailRoutes(), calendarRoutes(), driveRoutes(), siteRoutes(), teamRoutes())
	s.whole = http.HandlerFunc(s.answer)
	if o.Around != nil {
		s.whole = o.Around(s.whole)
	}
	return s
}

// maxBody bounds a request's body.
const maxBody = 64 << 20

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.whole.ServeHTTP(w, r)
}

// answer is ServeHTTP without the faults.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refused(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.").write(w, r)
		return
	}
	if a, ok := s.preauthorised(r, body); ok {
		a.write(w, r)
		return
	}
	caller, denied := s.authenticate(r)
	if denied != nil {
		denied.write(w, r)
		return
	}
	s.route(r, caller, body).write(w, r)
}

// bearer is how Graph's WWW-Authenticate begins.
const bearer = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", ` +
	`client_id="00000003-0000-0000-c000-000000000000"`

// ChallengeHeader is the WWW-Authenticate of a claims challenge.
func ChallengeHeader(claims string) string {
	return bearer + `, error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`
}

// authenticate returns the caller, or the 401.
func (s *Server) authenticate(r *http.Request) (Caller, *answer) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		a := unauthorised(words("Access token is empty."))
		return Caller{}, &a
	}
	caller, err := s.opts.Authenticate(token)
	if err != nil {
		a := unauthorised(err)
		return Caller{}, &a
	}
	return caller, nil
}

// unauthorised is the 401 of a token that does not do.
func unauthorised(why error) answer {
	a := refused(http.StatusUnauthorized, "InvalidAuthenticationToken", why.Error())
	a.header.Set("WWW-Authenticate", bearer)
	var challenge *Challenge
	if errors.As(why, &challenge) && challenge.Claims != "" {
		a.header.Set("WWW-Authenticate", ChallengeHeader(challenge.Claims))
	}
	return a
}

// route finds what answers the request, and lets it.
func (s *Server) route(r *http.Request, caller Caller, body []byte) answer {
	version, path, ok := cutVersion(r.URL.EscapedPath())
	if !ok {
		return badRequest("Invalid version: " + version)
	}
	segments, err := split(path)
	if err != nil {
		return badRequest(err.Error())
	}
	if len(segments) == 1 && strings.EqualFold(segments[0], "$batch") {
		return s.batch(r, version, body)
	}
	query, err := odata.Parse(r.URL.Query())
	if err != nil {
		return badRequest(err.Error())
	}
	c := &call{s: s, r: r, caller: caller, version: version, query: query, raw: body, params: r.URL.Query(),
		eventual: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/json" && len(body) > 0 {
		if err := json.Unmarshal(body, &c.body); err != nil {
			return badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.world = s.world(caller.TenantID); c.world == nil {
		return refused(http.StatusUnauthorized, "InvalidAuthenticationToken", "The token is for a tenant that the sandbox does not have.")
	}
	segments = c.world.canonical(segments, caller)
	return s.dispatch(c, segments)
}

func (s *Server) dispatch(c *call, segments []string) answer {
	known := false
	for i := range s.routes {
		rt := &s.routes[i]
		stars, ok := rt.match(segments)
		if !ok {
			continue
		}
		known = true
		if rt.method != c.r.Method {
			continue
		}
		if !c.caller.may(rt.scopes) {
			return rt.area.forbidden(rt.scopes, c.caller.Scopes)
		}
		c.area, c.stars = rt.area, stars
		return rt.do(c)
	}
	if known {
		return refused(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
	}
	return badRequest("Resource not found for the segment '" + segments[len(segments)-1] + "'.")
}

// world returns the tenant's data, made when somebody first asks; nil where there is no such tenant.
func (s *Server) world(tenantID string) *world {
	if w := s.worlds[tenantID]; w != nil {
		return w
	}
	t, ok := directory.ByID(s.opts.Tenants, tenantID)
	if !ok {
		return nil
	}
	s.worlds[t.ID] = newWorld(t)
	return s.worlds[t.ID]
}
