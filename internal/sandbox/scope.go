package sandbox

import (
	"slices"
	"strings"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// A wish is what the scope of a request asks for: permissions of one resource, and what OpenID adds.
type wish struct {
	resource string
	scopes   []string // of the resource, as they were written
	openID   bool     // an id token
	offline  bool     // a refresh token
}

// parseScope reads the scope of a request.
func parseScope(scope string) (wish, *OAuthError) {
	if strings.TrimSpace(scope) == "" {
		return wish{}, errMissing("scope")
	}
	w := wish{resource: resourceOf(scope)}
	for s := range strings.FieldsSeq(scope) {
		switch strings.ToLower(s) {
		case "openid", "profile", "email":
			w.openID = true
		case "offline_access":
			w.offline = true
		default:
			if resourceOf(s) != w.resource {
				return wish{}, refuse("invalid_request", 28000, "Provided value for the input parameter scope is not valid because it "+
					"contains more than one resource. Scope %s is not valid.", scope)
			}
			w.scopes = append(w.scopes, s)
		}
	}
	return w, nil
}

// granted returns the scopes that the app gets: their names, for the token, and as they were asked for, for the answer.
func (w wish) granted(a directory.App) (names, answered []string, refused *OAuthError) {
	consented := a.Consented(w.resource)
	if len(consented) == 0 {
		if a.Family { // Microsoft's own apps need no consent
			return []string{"user_impersonation"}, w.scopes, nil
		}
		return nil, nil, errNoConsent(a)
	}
	for _, s := range w.scopes {
		name := s[strings.LastIndexByte(s, '/')+1:]
		switch {
		case name == ".default":
			for _, c := range consented {
				names, answered = append(names, c), append(answered, w.resource+"/"+c)
			}
			answered = append(answered, s)
		case slices.ContainsFunc(consented, func(c string) bool { return strings.EqualFold(c, name) }):
			names, answered = append(names, name), append(answered, s)
		case !a.Family:
			return nil, nil, errNoConsent(a)
		}
	}
	if len(names) == 0 { // only openid and the like, or a family app's own wish
		names = consented[:1]
	}
	return names, answered, nil
}

// resourceOf returns the resource that a scope asks for: the first one with a path, less its last segment. A scope without
// one is Graph's.
func resourceOf(scope string) string {
	for s := range strings.FieldsSeq(scope) {
		if i := strings.LastIndexByte(s, '/'); i > 0 {
			return strings.TrimRight(s[:i], "/")
		}
	}
	return GraphResource
}

// knownResource reports whether the tenant has the resource: one of Microsoft's services, or a host of its SharePoint.
func knownResource(t Tenant, resource string) bool {
	switch resource {
	case GraphResource, ExchangeResource, AzureResource, TeamsResource, FlowResource:
		return true
	}
	host, _ := strings.CutPrefix(resource, "https://")
	label, isSharePoint := strings.CutSuffix(host, ".sharepoint.com")
	return isSharePoint && slices.Contains([]string{t.SharePointHost, t.SharePointHost + "-admin", t.SharePointHost + "-my"}, label)
}
