package sandbox

import (
	"errors"
	"net/http"
	"strings"

	"github.com/microsoft-master/mm/internal/sandbox/automate"
	"github.com/microsoft-master/mm/internal/sandbox/graph"
)

// entraRequests names a request to Entra: devicecode, token, refresh (a token request with a refresh token), authorize, page,
// logout, metadata or keys, alone or with a blank and the audience: "refresh exchange".
func (s *Sandbox) entraRequests(r *http.Request) (callers, requests []string) {
	client, scope := r.PostFormValue("client_id"), r.PostFormValue("scope")
	var names []string
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, devicePath):
		names = []string{"devicecode"}
	case strings.HasSuffix(path, tokenPath) && r.PostFormValue("grant_type") == refreshGrant:
		names = []string{"refresh", "token"}
	case strings.HasSuffix(path, tokenPath):
		names = []string{"token"}
	case strings.HasSuffix(path, authorizePath):
		names, client, scope = []string{"authorize"}, r.URL.Query().Get("client_id"), r.URL.Query().Get("scope")
	case strings.HasSuffix(path, logoutPath):
		names = []string{"logout"}
	case strings.HasSuffix(path, metadataPath):
		names = []string{"metadata"}
	case strings.HasSuffix(path, keysPath):
		names = []string{"keys"}
	default:
		names = []string{"page"}
	}
	for _, name := range names {
		if scope != "" {
			requests = append(requests, name+" "+audienceName(resourceOf(scope)))
		}
		requests = append(requests, name)
	}
	return s.callers(client), requests
}

// audienceName is the short name of a resource.
func audienceName(resource string) string {
	switch resource {
	case GraphResource:
		return "graph"
	case ExchangeResource:
		return "exchange"
	case AzureResource:
		return "azure"
	case TeamsResource:
		return "teams"
	case FlowResource:
		return "flow"
	}
	return "sharepoint"
}

// callers are the names of a client: its connection and its id.
func (s *Sandbox) callers(client string) []string {
	if client == "" {
		return nil
	}
	var out []string
	if name := s.names[strings.ToLower(client)]; name != "" {
		out = append(out, name)
	}
	return append(out, client)
}

// refuseEntra answers as Entra does.
func (s *Sandbox) refuseEntra(w http.ResponseWriter, r *http.Request, f Fault) bool {
	if f.Kind == FaultRevoked {
		if of, ok := s.entra.signedIn(r.PostFormValue("refresh_token")); ok {
			s.entra.Revoke(of.account)
		}
		return false // the token is refused by itself now
	}
	refused := demanded(90033)
	if code, ok := f.Kind.number("AADSTS"); ok {
		refused = demanded(code)
	} else if status, ok := f.Kind.number("HTTP"); ok {
		refused.Status = status
	}
	of, _ := s.entra.signedIn(r.PostFormValue("refresh_token"))
	if refused.Claims != "" && (of.satisfied || of.account == "" && demands(r.FormValue("claims"))) {
		return false // the person did what was demanded, or does it now
	}
	if tenant, isPage := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/"), authorizePath); isPage {
		ask, page, _ := s.entra.readAuthorize(tenant, r.URL.Query())
		if page != nil || refused.AADSTS == 50011 || refused.AADSTS == 700016 || refused.Status >= 500 {
			s.entra.showAuthorize(w, refused.Status, authorizeData{Problem: refused.Error()})
			return true
		}
		s.entra.goBack(w, r, ask, "", refused)
		return true
	}
	s.entra.answer(w, nil, refused)
	return true
}

// apiRequests names a request to Graph or Power Automate: GET me/messages, me/messages, me/messages/*, me/*, GET; the path is
// without version.
func (s *Sandbox) apiRequests(r *http.Request) (callers, requests []string) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, _ := ParseToken(token) // one that is none has no app
	path := strings.Trim(r.URL.Path, "/")
	if version, rest, ok := strings.Cut(path, "/"); ok && (strings.EqualFold(version, "v1.0") || strings.EqualFold(version, "beta")) {
		path = rest
	}
	requests = []string{r.Method + " " + path, path}
	for parent := path; ; {
		i := strings.LastIndexByte(parent, '/')
		if i < 0 {
			break
		}
		parent = parent[:i]
		requests = append(requests, parent+"/*")
	}
	return s.callers(claims.AppID), append(requests, r.Method)
}

// authenticate returns what a service behind the resource does with tokens.
func (s *Sandbox) authenticate(resource string) func(string) (graph.Caller, error) {
	return func(token string) (graph.Caller, error) {
		c, err := s.entra.Verify(token, resource)
		switch {
		case errors.Is(err, ErrTokenRevoked):
			return graph.Caller{}, challenge(c)
		case errors.Is(err, ErrTokenExpired):
			return graph.Caller{}, words("Lifetime validation failed, the token is expired.")
		case err != nil:
			return graph.Caller{}, words("Access token validation failure. " + strings.TrimPrefix(err.Error(), "sandbox: "))
		}
		return graph.Caller{TenantID: c.TenantID, ObjectID: c.ObjectID, Account: c.UPN, AppID: c.AppID, Scopes: strings.Fields(c.Scope)}, nil
	}
}

// challenge is the demand for a newer token. Claims are for clients only that say that they understand them.
func challenge(c Claims) error {
	out := &graph.Challenge{Why: "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: " +
		"TokenIssuedBeforeRevocationTimestamp"}
	for _, capability := range c.Capabilities {
		if strings.EqualFold(capability, "cp1") {
			out.Claims = demandedClaims
		}
	}
	return out
}

// refuseToken returns the error of a request whose token does not do by the switchboard; nil where it does.
func refuseToken(r *http.Request, f Fault) error {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c, err := ParseToken(token)
	switch {
	case f.Kind == FaultExpired:
		return words("Lifetime validation failed, the token is expired.")
	case f.Kind == FaultClaims && err == nil && len(c.Contexts) == 0:
		return challenge(c)
	}
	return nil
}

// refuseGraph answers as Graph does.
func (s *Sandbox) refuseGraph(w http.ResponseWriter, r *http.Request, f Fault) bool {
	if status, ok := f.Kind.number("HTTP"); ok {
		graph.Refuse(w, r, status)
		return true
	}
	why := refuseToken(r, f)
	if why != nil {
		graph.RefuseToken(w, r, why)
	}
	return why != nil
}

// refuseFlow answers as Power Automate does.
func (s *Sandbox) refuseFlow(w http.ResponseWriter, r *http.Request, f Fault) bool {
	if status, ok := f.Kind.number("HTTP"); ok {
		automate.Refuse(w, status, strings.ReplaceAll(http.StatusText(status), " ", ""), http.StatusText(status))
		return true
	}
	why := refuseToken(r, f)
	if why != nil {
		automate.RefuseToken(w, why)
	}
	return why != nil
}

// words are what a service says where it refuses.
type words string

func (w words) Error() string { return string(w) }
