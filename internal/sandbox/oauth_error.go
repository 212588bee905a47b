package sandbox

import (
	"fmt"
	"net/http"
)

// An OAuthError is Entra's answer to a request that it does not grant. Error says what Entra's error_description says, which
// begins with AADSTS and the code.
type OAuthError struct {
	Kind   string // authorization_pending, slow_down, expired_token, authorization_declined, invalid_grant, …
	AADSTS int
	Detail string
	Status int // of HTTP

	Suberror string // what a client may do about it: consent_required, basic_action, message_only, …; often empty
	Claims   string // JSON to ask again with; empty: asking again does not help
}

func (e *OAuthError) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.AADSTS, e.Detail) }

// Kinds of OAuthError that end nothing: the client asks again.
const (
	KindPending  = "authorization_pending"
	KindSlowDown = "slow_down"
)

func refuse(kind string, aadsts int, format string, args ...any) *OAuthError {
	return &OAuthError{Kind: kind, AADSTS: aadsts, Detail: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

func errPending() *OAuthError {
	return refuse(KindPending, 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
}

func errSlowDown() *OAuthError {
	return refuse(KindSlowDown, 70016, "OAuth 2.0 device flow error. The client polls too often.")
}

func errExpired() *OAuthError {
	return refuse("expired_token", 70020,
		"The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
}

func errDeclined() *OAuthError {
	return refuse("authorization_declined", 70000, "The user declined the sign-in request.")
}

func errBadDeviceCode() *OAuthError {
	return refuse("bad_verification_code", 70018,
		"The provided value for the input parameter 'device_code' is not valid.")
}

func errBadUserCode() *OAuthError {
	return refuse("bad_verification_code", 70018, "That code didn't work. Check the code and try again.")
}

func errUnknownTenant(tenant string) *OAuthError {
	return refuse("invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are "+
		"signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active "+
		"subscriptions for the tenant.", tenant)
}

func errUnknownClient(client, tenant string) *OAuthError {
	return refuse("unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'. This can "+
		"happen if the application has not been installed by the administrator of the tenant or consented to by any user in the "+
		"tenant.", client, tenant)
}

func errMissing(parameter string) *OAuthError {
	return refuse("invalid_request", 900144, "The request body must contain the following parameter: '%s'.", parameter)
}

func errGrantType(grant string) *OAuthError {
	return refuse("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grant)
}

func errNotMember(upn, tenant string) *OAuthError {
	return refuse("invalid_grant", 50020, "User account '%s' from identity provider does not exist in tenant '%s' and cannot "+
		"access the application in that tenant. The account needs to be added as an external user in the tenant first.",
		upn, tenant)
}

func errUnknownUser(upn string) *OAuthError {
	return refuse("invalid_grant", 50034, "The user account %s does not exist in the sandbox's tenants.", upn)
}

func errTooMany(max int) *OAuthError {
	e := refuse("temporarily_unavailable", 90055, "The sandbox holds %d sign-ins that wait; let some of them end.", max)
	e.Status = http.StatusTooManyRequests
	return e
}
