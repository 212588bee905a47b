package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// maxForm bounds the body of a request.
const maxForm = 64 << 10

// Paths below the authority.
const (
	PagePath      = "/devicelogin"
	devicePath    = "/oauth2/v2.0/devicecode"
	tokenPath     = "/oauth2/v2.0/token"
	authorizePath = "/oauth2/v2.0/authorize"
	logoutPath    = "/oauth2/v2.0/logout"
	metadataPath  = "/v2.0/.well-known/openid-configuration"
	keysPath      = "/discovery/v2.0/keys"
)

// The grant types.
const (
	deviceGrant  = "urn:ietf:params:oauth:grant-type:device_code"
	codeGrant    = "authorization_code"
	refreshGrant = "refresh_token"
)

// Handler serves Entra's endpoints and the page:
//
//	POST /{tenant}/oauth2/v2.0/devicecode                       client_id, scope, login_hint, claims
//	POST /{tenant}/oauth2/v2.0/token                            grant_type, client_id, device_code, code or refresh_token, …
//	GET  /{tenant}/oauth2/v2.0/authorize, POST …                as OpenID Connect has it, by PKCE; POST with account
//	GET  /{tenant}/oauth2/v2.0/logout
//	GET  /{tenant}/v2.0/.well-known/openid-configuration, /{tenant}/discovery/v2.0/keys
//	GET  /devicelogin, POST /devicelogin                        user_code, then account and action (approve, deny)
func (e *Entra) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}"+devicePath, e.serveDevice)
	mux.HandleFunc("POST /{tenant}"+tokenPath, e.serveToken)
	mux.HandleFunc("GET /{tenant}"+authorizePath, e.serveAuthorize)
	mux.HandleFunc("POST /{tenant}"+authorizePath, e.serveAuthorize)
	mux.HandleFunc("GET /{tenant}"+logoutPath, e.serveLogout)
	mux.HandleFunc("GET /{tenant}"+metadataPath, e.serveMetadata)
	mux.HandleFunc("GET /{tenant}"+keysPath, e.serveKeys)
	mux.HandleFunc("GET "+PagePath, e.servePage)
	mux.HandleFunc("POST "+PagePath, e.servePage)
	return http.MaxBytesHandler(mux, maxForm)
}

func (e *Entra) serveDevice(w http.ResponseWriter, r *http.Request) {
	hint := r.PostFormValue("login_hint")
	if !r.PostForm.Has("login_hint") { // as real clients, which have no such field: the automatic approval goes by the app
		app, _ := directory.FindApp(e.opts.Tenants, "", r.PostFormValue("client_id"))
		hint = app.Expects
	}
	code, err := e.StartDevice(r.Context(), DeviceRequest{
		Tenant:    r.PathValue("tenant"),
		ClientID:  r.PostFormValue("client_id"),
		Scope:     r.PostFormValue("scope"),
		LoginHint: hint,
		Claims:    r.PostFormValue("claims"),
	})
	e.answer(w, code, err)
}

func (e *Entra) serveToken(w http.ResponseWriter, r *http.Request) {
	var (
		token  Token
		err    error
		tenant = r.PathValue("tenant")
	)
	switch kind := r.PostFormValue("grant_type"); kind {
	case deviceGrant, "device_code": // the second is the old name, which real Entra still takes
		token, err = e.Redeem(r.Context(), TokenRequest{
			Tenant:     tenant,
			ClientID:   r.PostFormValue("client_id"),
			DeviceCode: r.PostFormValue("device_code"),
			ClientInfo: r.PostFormValue("client_info") != "",
		})
	case codeGrant:
		token, err = e.redeemCode(tenant, r.PostForm)
	case refreshGrant:
		token, err = e.redeemRefresh(tenant, r.PostForm)
	case "":
		err = errMissing("grant_type")
	default:
		err = errGrantType(kind)
	}
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
	base, issuer := e.opts.Authority+"/"+tenant, e.opts.Authority
	if r.TLS != nil {
		base, issuer = e.opts.Login+"/"+tenant, e.opts.Login
	}
	e.answer(w, map[string]any{
		"issuer":                        issuer + "/" + id + "/v2.0",
		"token_endpoint":                base + tokenPath,
		"device_authorization_endpoint": base + devicePath,
		// Without TLS: a browser does not know the sandbox's authority, and this never leaves the computer.
		"authorization_endpoint":                e.opts.Authority + "/" + tenant + authorizePath,
		"end_session_endpoint":                  e.opts.Authority + "/" + tenant + logoutPath,
		"jwks_uri":                              base + keysPath,
		"response_modes_supported":              []string{"query", "form_post"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"none"},
		"tenant_region_scope":                   "EU",
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
	trace, correlation := directory.GUID("trace "+e.Kind+stamp), directory.GUID("correlation "+e.Kind+stamp)
	body := map[string]any{
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
	if e.Suberror != "" {
		body["suberror"] = e.Suberror
	}
	if e.Claims != "" {
		body["claims"] = e.Claims
	}
	return body
}
