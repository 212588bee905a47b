package graph

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

func redirected(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns the request for the place of a redirect: without the token, over https, and not into this machine.
func (r *run) follow(resp *http.Response, q request) (request, error) {
	var to *url.URL
	from, err := url.Parse(q.url)
	if err == nil {
		to, err = from.Parse(resp.Header.Get("Location"))
	}
	if err != nil || !r.mayVisit(to) {
		return request{}, r.fail("Tell who runs the network: a proxy may have answered in the service's place.",
			"The service redirects to a place that mm does not follow: it must be https, on the internet.")
	}
	return request{method: q.method, url: to.String()}, nil
}

// mayVisit reports whether a place that the service names may be visited without the token. Only the sandbox's are on this
// machine.
func (r *run) mayVisit(to *url.URL) bool {
	if to.Scheme != "https" || to.Host == "" || to.User != nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(to.Hostname()), ".")
	if r.connection.Cloud == "sandbox" {
		return true
	}
	return net.ParseIP(host) == nil && host != "localhost" && !strings.HasSuffix(host, ".localhost") && strings.Contains(host, ".")
}
