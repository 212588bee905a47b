package sandbox

import (
	"fmt"
	"net/http"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// An answer of Entra that can be had on demand, by the switchboard: the kind of the error, and what people read.
type aadsts struct {
	kind, text string
	suberror   string
	claims     bool // the client has to ask again with claims
	status     int  // 0: 400
}

// refusals are the errors that users of Entra meet, by code. Source: Microsoft's list of authentication error codes; the texts
// say the same in fewer words.
var refusals = map[int]aadsts{
	16000:   {kind: "interaction_required", text: "Several sign-ins are there; the person has to pick one."},
	50011:   {kind: "invalid_request", text: "The redirect URI specified in the request does not match the redirect URIs configured for the application."},
	50020:   {kind: "invalid_grant", text: "User account from identity provider does not exist in the tenant and cannot access the application in that tenant."},
	50034:   {kind: "invalid_grant", text: "The user account does not exist in the directory."},
	50053:   {kind: "invalid_grant", text: "The account is locked: too many attempts to sign in with an incorrect user ID or password."},
	50055:   {kind: "invalid_grant", text: "The password is expired."},
	50057:   {kind: "invalid_grant", text: "The user account is disabled."},
	50058:   {kind: "login_required", text: "A silent sign-in request was sent but no user is signed in."},
	50076:   {kind: "interaction_required", suberror: "basic_action", claims: true, text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource."},
	50079:   {kind: "interaction_required", suberror: "basic_action", claims: true, text: "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication to access the resource."},
	50097:   {kind: "interaction_required", claims: true, text: "Device authentication is required."},
	50105:   {kind: "invalid_grant", text: "Your administrator has configured the application to block users unless they are specifically granted access to it."},
	50126:   {kind: "invalid_grant", text: "Error validating credentials due to invalid username or password."},
	50131:   {kind: "invalid_grant", claims: true, text: "Device is not in required device state, or the request was blocked due to suspicious activity, access policy, or security policy decisions."},
	50158:   {kind: "interaction_required", suberror: "basic_action", claims: true, text: "External security challenge not satisfied."},
	50173:   {kind: "invalid_grant", suberror: "bad_token", text: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."},
	50196:   {kind: "invalid_grant", text: "The server terminated an operation because it encountered a client request loop."},
	53000:   {kind: "interaction_required", suberror: "message_only", claims: true, text: "Device is not in required device state: compliant. Conditional Access policy requires a compliant device."},
	53001:   {kind: "interaction_required", suberror: "message_only", claims: true, text: "Device is not in required device state: domain_joined."},
	53003:   {kind: "access_denied", suberror: "message_only", claims: true, text: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	53004:   {kind: "access_denied", text: "User needs to complete multi-factor authentication registration before accessing this content, and a proof-up is blocked."},
	65001:   {kind: "invalid_grant", suberror: "consent_required", text: "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."},
	65004:   {kind: "access_denied", text: "User declined to consent to access the app."},
	70000:   {kind: "invalid_grant", suberror: "bad_token", text: "Provided grant is invalid or malformed."},
	70008:   {kind: "invalid_grant", text: "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."},
	70011:   {kind: "invalid_scope", text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid."},
	70043:   {kind: "invalid_grant", suberror: "token_expired", text: "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."},
	90002:   {kind: "invalid_request", text: "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."},
	90019:   {kind: "invalid_request", text: "No tenant-identifying information found in either the request or implied by any provided credentials."},
	90033:   {kind: "temporarily_unavailable", status: http.StatusServiceUnavailable, text: "A transient error has occurred. Please try again."},
	90094:   {kind: "interaction_required", suberror: "consent_required", text: "An administrator of the tenant has set a policy that prevents you from granting the application the permissions it is requesting."},
	90072:   {kind: "invalid_grant", text: "User account from identity provider does not exist in the tenant. The account needs to be added as an external user in the tenant first."},
	500011:  {kind: "invalid_resource", text: "The resource principal was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant."},
	500133:  {kind: "invalid_grant", text: "Assertion is not within its valid time range."},
	530003:  {kind: "interaction_required", suberror: "message_only", claims: true, text: "Your device is required to be managed to access this resource."},
	530036:  {kind: "access_denied", suberror: "message_only", text: "The authentication flow is blocked by a Conditional Access policy: device code flow is not allowed."},
	700016:  {kind: "unauthorized_client", text: "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant."},
	700082:  {kind: "invalid_grant", suberror: "token_expired", text: "The refresh token has expired due to inactivity."},
	700084:  {kind: "invalid_grant", suberror: "token_expired", text: "The refresh token was issued to a single page app, and therefore has a fixed, limited lifetime, which cannot be extended."},
	7000218: {kind: "invalid_client", status: http.StatusUnauthorized, text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."},
	9002313: {kind: "invalid_grant", text: "Invalid request. Request is malformed or invalid."},
}

// demandedClaims is what a policy asks for, as a client sends it back.
const demandedClaims = `{"access_token":{"capolids":{"essential":true,"values":["2f8e6ef2-8f52-4a4d-9c9b-6a4f0f3b7d11"]}}}`

// demanded makes the error of a code. One that is not in the table is an invalid_grant.
func demanded(code int) *OAuthError {
	a, ok := refusals[code]
	if !ok {
		a = aadsts{kind: "invalid_grant", text: "The sandbox's switchboard asked for this error."}
	}
	e := refuse(a.kind, code, "%s", a.text)
	e.Suberror = a.suberror
	if a.claims {
		e.Claims = demandedClaims
	}
	if a.status != 0 {
		e.Status = a.status
	}
	return e
}

func errNoConsent(a directory.App) *OAuthError {
	e := demanded(65001)
	e.Detail = fmt.Sprintf("The user or administrator has not consented to use the application with ID '%s' named '%s'. Send an "+
		"interactive authorization request for this user and resource.", a.ID, a.Name)
	return e
}

func errResource(resource string, t Tenant) *OAuthError {
	e := demanded(500011)
	e.Detail = fmt.Sprintf("The resource principal named %s was not found in the tenant named %s.", resource, t.DisplayName)
	return e
}
