package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxForm bounds the body of a request.
const maxForm = 64 << 10

// Paths below the authority.
const (
	PagePath     = "/devicelogin"
	devicePath   = "/oauth2/v2.0/devicecode"
	tokenPath    = "/oauth2/v2.0/token"
	metadataPath = "/v2.0/.well-known/openid-configuration"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Handler serves Entra's endpoints and the page:
//
//	POST /{tenant}/oauth2/v2.0/devicecode                       client_id, scope, login_hint
//	POST /{tenant}/oauth2/v2.0/token                            grant_type, client_id, device_code
//	GET  /{tenant}/v2.0/.well-known/openid-configuration
//	GET  /devicelogin, POST /devicelogin                        user_code, then account and action (approve, deny)
func (e *Entra) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}"+devicePath, e.serveDevice)
	mux.HandleFunc("POST /{tenant}"+tokenPath, e.serveToken)
	mux.HandleFunc("GET /{tenant}"+metadataPath, e.serveMetadata)
	mux.HandleFunc("GET "+PagePath, e.servePage)
	mux.HandleFunc("POST "+PagePath, e.servePage)
	return http.MaxBytesHandler(mux, maxForm)
}

func (e *Entra) serveDevice(w http.ResponseWriter, r *http.Request) {
	code, err := e.StartDevice(r.Context(), DeviceRequest{
		Tenant:    r.PathValue("tenant"),
		ClientID:  r.PostFormValue("client_id"),
		Scope:     r.PostFormValue("scope"),
		LoginHint: r.PostFormValue("login_hint"),
	})
	e.answer(w, code, err)
}

func (e *Entra) serveToken(w http.ResponseWriter, r *http.Request) {
	switch grant := r.PostFormValue("grant_type"); grant {
	case deviceGrant, "device_code": // the second is the old name, which real Entra still takes
	case "":
		e.answer(w, nil, errMissing("grant_type"))
		return
	default:
		e.answer(w, nil, errGrantType(grant))
		return
	}
	token, err := e.Redeem(r.Context(), TokenRequest{
		Tenant:     r.PathValue("tenant"),
		ClientID:   r.PostFormValue("client_id"),
		DeviceCode: r.PostFormValue("device_code"),
	})
	e.answer(w, token, err)
}

func (e *Entra) serveMetadata(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	id, refused := e.tenantID(tenant)
	if refused != nil {
		e.answer(w, nil, refused)
		return
	}
	if id == "" {
		id = "{tenantid}" // as real Entra answers for organizations and common
	}
	base := e.opts.Authority + "/" + tenant
	e.answer(w, map[string]any{
		"issuer":                        e.opts.Authority + "/" + id + "/v2.0",
		"token_endpoint":                base + tokenPath,
		"device_authorization_endpoint": base + devicePath,
		"response_types_supported":      []string{"code"},
		"subject_types_supported":       []string{"pairwise"},
		"tenant_region_scope":           "EU",
	}, nil)
}

// answer writes v, or err in the shape of Entra's errors.
func (e *Entra) answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		var refused *OAuthError
		if !errors.As(err, &refused) {
			refused = &OAuthError{Kind: "server_error", AADSTS: 90033, Detail: err.Error(), Status: http.StatusInternalServerError}
		}
		w.WriteHeader(refused.Status)
		v = errorBody(refused, time.Now().UTC())
	}
	_ = json.NewEncoder(w).Encode(v) // the client went away: nobody to tell
}

// errorBody is the JSON of an error. Trace and correlation ids are made from the error, for there is nothing to trace.
func errorBody(e *OAuthError, now time.Time) map[string]any {
	stamp := now.Format("2006-01-02 15:04:05Z")
	trace, correlation := guidOf("trace "+e.Kind+stamp), guidOf("correlation "+e.Kind+stamp)
	return map[string]any{
		"error": e.Kind,
		"error_description": strings.Join([]string{
			e.Error(), "Trace ID: " + trace, "Correlation ID: " + correlation, "Timestamp: " + stamp,
		}, " "),
		"error_codes":    []int{e.AADSTS},
		"timestamp":      stamp,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.AADSTS),
	}
}
