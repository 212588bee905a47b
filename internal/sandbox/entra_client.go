package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// EntraClient is a SignIn over HTTP.
type EntraClient struct {
	Authority string       // base address: http://127.0.0.1:41234
	HTTP      *http.Client // nil: http.DefaultClient
}

// StartDevice implements SignIn.
func (c EntraClient) StartDevice(ctx context.Context, req DeviceRequest) (code DeviceCode, err error) {
	err = c.post(ctx, req.Tenant, devicePath, url.Values{
		"client_id":  {req.ClientID},
		"scope":      {req.Scope},
		"login_hint": {req.LoginHint},
	}, &code)
	return code, err
}

// Redeem implements SignIn.
func (c EntraClient) Redeem(ctx context.Context, req TokenRequest) (token Token, err error) {
	err = c.post(ctx, req.Tenant, tokenPath, url.Values{
		"grant_type":  {deviceGrant},
		"client_id":   {req.ClientID},
		"device_code": {req.DeviceCode},
	}, &token)
	return token, err
}

func (c EntraClient) post(ctx context.Context, tenant, path string, form url.Values, into any) error {
	address := strings.TrimRight(c.Authority, "/") + "/" + url.PathEscape(tenant) + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("sandbox: the sandbox does not answer; start it again with mm sandbox: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxForm))
	if err != nil {
		return fmt.Errorf("sandbox: reading the answer of the sandbox: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return parseOAuthError(resp.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("sandbox: reading the answer of the sandbox: %w", err)
	}
	return nil
}

// parseOAuthError reads the JSON that errorBody makes.
func parseOAuthError(status int, body []byte) error {
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Error == "" || len(e.Codes) == 0 {
		return errors.New("sandbox: the sandbox answered with HTTP status " + http.StatusText(status))
	}
	_, detail, _ := strings.Cut(e.Description, ": ")
	detail, _, _ = strings.Cut(detail, " Trace ID: ")
	return &OAuthError{Kind: e.Error, AADSTS: e.Codes[0], Detail: detail, Status: status}
}
