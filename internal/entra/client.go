package entra

import (
	"crypto/x509"
	"net/url"
	"os"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// A client is MSAL's client for a connection, and what it was made of.
type client struct {
	of   clientOf
	msal public.Client
	wire *wire
}

// A clientOf is what a client depends on. Where it differs another client is needed.
type clientOf struct {
	app, authority, ca string
	discovery          bool // of the cloud, which only the public one has
}

// capability says that mm can answer claims challenges. Entra then ends tokens at once where an account is blocked.
const capability = "CP1"

// client returns the connection's client for silent tokens. MSAL keeps a copy of the cache in it, so that it must not serve
// anything else.
func (i *Identity) client(c mm.Connection) (client, *mm.Error) {
	of, err := clientFor(c)
	if err != nil {
		return client{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	known, ok := i.clients[c.Name]
	if ok && known.of == of {
		return known, nil
	}
	made := client{of: of, wire: i.wire}
	if of.ca != "" {
		roots, err := rootsOf(of.ca)
		if err != nil {
			return client{}, err
		}
		made.wire = newWire(i.limit, i.proxy, roots)
	}
	if made.msal, err = i.newMSAL(made); err != nil {
		return client{}, err
	}
	if ok && known.wire != i.wire {
		known.wire.CloseIdleConnections()
	}
	if len(i.clients) >= remembered {
		clear(i.clients)
	}
	i.clients[c.Name] = made
	return made, nil
}

// newMSAL makes a client of MSAL whose cache is the shelf of each call's context.
func (i *Identity) newMSAL(c client) (public.Client, *mm.Error) {
	m, err := public.New(c.of.app, public.WithAuthority(c.of.authority), public.WithHTTPClient(c.wire), public.WithCache(shelves{i.log}),
		public.WithInstanceDiscovery(c.of.discovery), public.WithClientCapabilities([]string{capability}))
	if err != nil {
		return m, mm.Errorf(mm.SignInFailed, "Look at the connection's tenant.", "The address %s is none to sign in at: %v.", c.of.authority, err)
	}
	return m, nil
}

func clientFor(c mm.Connection) (clientOf, *mm.Error) {
	if c.AppID == "" {
		return clientOf{}, mm.Errorf(mm.SignInFailed, "Register an app in the tenant, and set it: mm-connections edit "+quoted(c.Name)+" appId APP-ID",
			"Connection %s has no appId, which a sign-in of its own needs.", c.Name)
	}
	e := c.Endpoints()
	return clientOf{app: c.AppID, authority: e.Authority + "/" + url.PathEscape(tenantOf(c)), ca: e.CA, discovery: c.Cloud == "" || c.Cloud == "public"}, nil
}

// tenantOf is the tenant to sign in to; without one, that of whoever signs in.
func tenantOf(c mm.Connection) string {
	if t := c.TenantOrID(); t != "" {
		return t
	}
	return "organizations"
}

func rootsOf(ca string) (*x509.CertPool, *mm.Error) {
	const remedy = "Start the sandbox again."
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, mm.Errorf(mm.SignInFailed, remedy, "The sandbox's certificate authority cannot be read: %v.", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, mm.Errorf(mm.SignInFailed, remedy, "The sandbox's certificate authority %s has no certificate.", ca)
	}
	return roots, nil
}
