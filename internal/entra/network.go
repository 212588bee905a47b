package entra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	mm "github.com/microsoft-master/mm"
)

// soon is when to try again after a fault of the network.
const soon = 5 * time.Second

// explain turns an error of MSAL, of the wire or of the store into one for people: an *mm.Interaction or an *mm.Error.
func (i *Identity) explain(err error, q question) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		i.log.Warn("Entra refused", "connection", q.conn.Name, "audience", string(q.audience), "refusal", r)
		return judge(r, q)
	}
	if e, ok := errors.AsType[*mm.Error](err); ok {
		return e
	}
	e := unanswered(err, q)
	if e.Code == mm.SignInFailed {
		i.log.Warn("no answer from Entra that helps", "connection", q.conn.Name, "audience", string(q.audience), "error", safe(err))
	}
	return e
}

// unanswered says what it means that there was no answer, or none that can be read.
func unanswered(err error, q question) *mm.Error {
	host := q.conn.Endpoints().Authority
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	switch {
	case errors.Is(err, context.Canceled):
		return mm.Errorf(mm.Cancelled, "Ask again when it is wanted.", "The request for a token of %s was cancelled.", q.conn.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return mm.Errorf(mm.Timeout, "Try again; look at the network and the proxy where it stays so.", "There was no token for %s in time.", q.conn.Name)
	}
	for _, fault := range faults {
		if said, remedy, ok := fault(err); ok {
			e := mm.Errorf(mm.SignInFailed, remedy, "%s", strings.ReplaceAll(said, "{host}", host))
			e.RetryAfter = soon
			if s, ok := errors.AsType[*strange](err); ok && s.retryAfter > 0 {
				e.RetryAfter = s.retryAfter
			}
			return e
		}
	}
	if declined := "declined scopes are present"; strings.Contains(err.Error(), declined) {
		return mm.Errorf(mm.SignInFailed, q.fill("Remove them from scopes of {connection}, or: "+askConsent), "Entra did not grant all of the connection's scopes.")
	}
	return mm.Errorf(mm.SignInFailed, "Try again; what went wrong is in the log of mm.", "The sign-in at %s failed in an unexpected way.", host)
}

// faults are what can be wrong between us and Entra, the most exact first. Each says what happened and what to do.
var faults = []func(error) (said, remedy string, ok bool){
	func(err error) (string, string, bool) {
		p, ok := errors.AsType[*proxyRefusal](err)
		switch {
		case !ok:
			return "", "", false
		case p.status == http.StatusProxyAuthRequired:
			return "The proxy wants a name and a password.", "Put them into HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT), where the daemon is started.", true
		}
		return fmt.Sprintf("The proxy does not let mm through to {host} (HTTP status %d).", p.status), "Have the proxy allow {host}, or add it to NO_PROXY.", true
	},
	func(err error) (string, string, bool) {
		invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
		if !ok || invalid.Reason != x509.Expired {
			return "", "", false
		}
		return "The certificate of {host} is not valid at this computer's time, " + time.Now().UTC().Format(time.RFC3339) + ".", "Set the clock of this computer.", true
	},
	func(err error) (string, string, bool) {
		_, verification := errors.AsType[*tls.CertificateVerificationError](err)
		return "The certificate of {host} is not one that this computer trusts: something in between answers in its place.",
			"If that is your organisation's proxy, add its certificate authority to the system's, or name its file in SSL_CERT_FILE.", verification
	},
	func(err error) (string, string, bool) {
		_, record := errors.AsType[tls.RecordHeaderError](err)
		return "{host} does not speak TLS.", "Look at the network, and at HTTPS_PROXY.", record || errors.Is(err, http.ErrSchemeMismatch)
	},
	func(err error) (string, string, bool) {
		_, dns := errors.AsType[*net.DNSError](err)
		return "The name {host} cannot be found.", "Look whether this computer is online, and whether a proxy has to be set in HTTPS_PROXY.", dns
	},
	func(err error) (string, string, bool) {
		refused := errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)
		return "{host} cannot be reached.", "Look whether this computer is online, and whether a proxy or a firewall is in between.", refused
	},
	func(err error) (string, string, bool) {
		timeout, ok := errors.AsType[net.Error](err)
		return "{host} did not answer in time.", "Try again; look at the network and the proxy where it stays so.",
			errors.Is(err, errSlow) || ok && timeout.Timeout()
	},
	func(err error) (string, string, bool) {
		s, ok := errors.AsType[*strange](err)
		switch {
		case !ok:
			return "", "", false
		case s.status == http.StatusTooManyRequests || s.status >= 500:
			return fmt.Sprintf("{host} cannot answer at the moment (HTTP status %d).", s.status), "Try again in a minute.", true
		}
		return fmt.Sprintf("What answered for {host} is not Entra (HTTP status %d, %q).", s.status, s.kind),
			"Look whether the network wants a sign-in of its own first, in a browser, and whether a proxy changes answers.", true
	},
	func(err error) (string, string, bool) {
		_, unreadable := errors.AsType[msal.InvalidJsonErr](err)
		return "The answer of {host} cannot be read.", "Try again; look whether a proxy changes answers where it stays so.", unreadable
	},
	func(err error) (string, string, bool) {
		_, sending := errors.AsType[*url.Error](err)
		return "The connection to {host} broke.", "Try again; look at the network and the proxy where it stays so.",
			sending || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	},
}

// transient reports whether the same request may succeed soon.
func transient(err error) bool {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.transient()
	}
	if s, ok := errors.AsType[*strange](err); ok {
		return s.status == http.StatusTooManyRequests || s.status >= 500
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, proxy := errors.AsType[*proxyRefusal](err)
	_, sending := errors.AsType[*url.Error](err)
	return !certificate && !proxy && (sending || errors.Is(err, errSlow) || errors.Is(err, io.ErrUnexpectedEOF))
}

// safe is an error's text for the log. MSAL puts answers that it cannot read into its errors, with the tokens that they have.
func safe(err error) string {
	if _, unreadable := errors.AsType[msal.InvalidJsonErr](err); unreadable {
		return "an answer that cannot be read"
	}
	if _, answer := errors.AsType[msal.CallErr](err); answer {
		return "an answer that was not expected"
	}
	return without(err.Error(), nil)
}
