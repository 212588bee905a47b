package graph

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"time"

	mm "github.com/microsoft-master/mm"
)

// How long a connection may take to be made, and how long it is kept without use. What follows is bounded by the time of the
// request.
const (
	dialLimit = 15 * time.Second
	tlsLimit  = 15 * time.Second
	idleLimit = 90 * time.Second
	// maxHeaders bounds the headers of an answer, in bytes.
	maxHeaders = 256 << 10
)

// transport returns the connections that trust the authorities of ca: a PEM file, or the system's where it is empty.
func (cl *Client) transport(ca string) (*http.Transport, *mm.Error) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if t := cl.transports[ca]; t != nil {
		return t, nil
	}
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		trusted.RootCAs = x509.NewCertPool()
		if err != nil || !trusted.RootCAs.AppendCertsFromPEM(pem) {
			return nil, mm.Errorf(mm.GraphFailed, "Start the sandbox again with `mm sandbox`.", "The sandbox's certificate authority cannot be read from %s.", ca)
		}
	}
	t := &http.Transport{
		Proxy:                  cl.config.Proxy,
		DialContext:            (&net.Dialer{Timeout: dialLimit, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        trusted,
		TLSHandshakeTimeout:    tlsLimit,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        cl.config.Connections,
		MaxIdleConnsPerHost:    cl.config.Connections,
		IdleConnTimeout:        idleLimit,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaders,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	cl.transports[ca] = t
	return t, nil
}
