package entra

import mm "github.com/microsoft-master/mm"

// A meaning says what a refusal is for people. Both texts may have {app}, {tenant}, {connection}, {account}, {audience},
// {consent} (the address where an administrator consents) and {cloud}.
type meaning struct {
	// why is set where a person can help, and says how.
	why     mm.InteractionReason
	message string
	remedy  string
	// policy says that a tenant's policy refused how or where somebody signed in: after a device code a browser may do.
	policy bool
}

// What to do, where several codes have the same answer.
const (
	signInAgain = "Sign in again: mm sign-in {connection}"
	askConsent  = "An administrator of the tenant consents once, at {consent}"
	addUser     = "Sign in as {account}, or have the account invited to the tenant as a guest."
	askAdmin    = "Ask an administrator of the tenant; the sign-in log of Entra names the policy."
	useBrowser  = "Sign in with a browser on a device that the policy allows: mm sign-in {connection}"
	fixAccount  = "Mend that at https://myaccount.microsoft.com, or ask an administrator of the tenant; then sign in again: mm sign-in {connection}"
	checkTenant = "Look at tenant, tenantId and cloud: mm-connections show {connection}"
)

// meanings are the AADSTS codes that users meet. Source: Microsoft's reference of Entra authentication error codes, and its
// pages on Conditional Access and on consent.
var meanings = map[int]meaning{
	// Nobody is signed in any more.
	16000:   {why: mm.Expired, message: "Several accounts are signed in, and one has to be picked", remedy: signInAgain},
	50058:   {why: mm.Expired, message: "Nobody is signed in", remedy: signInAgain},
	50085:   {why: mm.Expired, message: "The sign-in has ended at the account's own provider", remedy: signInAgain},
	50089:   {why: mm.Expired, message: "The sign-in has expired", remedy: signInAgain},
	50132:   {why: mm.Expired, message: "The sign-in was revoked, or the password was changed", remedy: signInAgain},
	50133:   {why: mm.Expired, message: "The sign-in has ended because the password was changed or has expired", remedy: signInAgain},
	50140:   {why: mm.Expired, message: "The sign-in was interrupted by a question to the person", remedy: signInAgain},
	50173:   {why: mm.Expired, message: "The sign-in was revoked, or the password was changed", remedy: signInAgain},
	65004:   {why: mm.Expired, message: "The person declined to let the app act for them", remedy: "Sign in again and accept: mm sign-in {connection}"},
	70000:   {why: mm.Expired, message: "The sign-in is not valid any more", remedy: signInAgain},
	70008:   {why: mm.Expired, message: "The sign-in has expired because it was not used", remedy: signInAgain},
	70043:   {why: mm.Expired, message: "The tenant wants a new sign-in at certain intervals, and one has passed", remedy: signInAgain},
	700081:  {why: mm.Expired, message: "The sign-in has reached its maximum age", remedy: signInAgain},
	700082:  {why: mm.Expired, message: "The sign-in has expired because it was not used", remedy: signInAgain},
	700084:  {why: mm.Expired, message: "The sign-in has reached its maximum age", remedy: signInAgain},
	9002313: {why: mm.Expired, message: "The sign-in is not valid any more", remedy: signInAgain},

	// More is wanted from the person.
	50072:  {why: mm.NeedsClaims, message: "The account has to set up multi-factor authentication", remedy: signInAgain},
	50074:  {why: mm.NeedsClaims, message: "Multi-factor authentication is required", remedy: signInAgain},
	50076:  {why: mm.NeedsClaims, message: "Multi-factor authentication is required", remedy: signInAgain},
	50078:  {why: mm.NeedsClaims, message: "The multi-factor authentication is too long ago", remedy: signInAgain},
	50079:  {why: mm.NeedsClaims, message: "The account has to set up multi-factor authentication", remedy: signInAgain},
	50158:  {why: mm.NeedsClaims, message: "Another provider has to confirm the sign-in", remedy: signInAgain},
	500121: {why: mm.Expired, message: "Multi-factor authentication was not completed", remedy: signInAgain},

	// A policy refuses the device, the place or the way.
	50097:  {why: mm.NeedsClaims, policy: true, message: "The tenant wants a sign-in from a device that it knows", remedy: useBrowser},
	50129:  {why: mm.NeedsClaims, policy: true, message: "The tenant wants a device that is registered with it", remedy: useBrowser},
	50131:  {why: mm.NeedsClaims, policy: true, message: "A policy of the tenant refuses this device or place", remedy: useBrowser},
	53000:  {why: mm.NeedsClaims, policy: true, message: "The tenant wants a compliant device", remedy: useBrowser},
	53001:  {why: mm.NeedsClaims, policy: true, message: "The tenant wants a device that is joined to its domain", remedy: useBrowser},
	53002:  {why: mm.NeedsClaims, policy: true, message: "The tenant wants an app that it has approved", remedy: askAdmin},
	53003:  {why: mm.NeedsClaims, policy: true, message: "A Conditional Access policy of the tenant blocks the sign-in", remedy: askAdmin},
	53004:  {why: mm.NeedsClaims, policy: true, message: "The account has to set up multi-factor authentication, from another place or device", remedy: fixAccount},
	53011:  {message: "The account is blocked because it is at risk", remedy: askAdmin},
	530003: {why: mm.NeedsClaims, policy: true, message: "The tenant wants a device that it manages", remedy: useBrowser},
	530032: {policy: true, message: "A security policy of the tenant blocks the sign-in", remedy: askAdmin},
	530035: {policy: true, message: "The security defaults of the tenant block the sign-in", remedy: askAdmin},
	530036: {why: mm.NeedsBrowser, policy: true, message: "A Conditional Access policy of the tenant refuses device codes", remedy: useBrowser},

	// The app lacks consent, or the tenant the resource.
	65001:  {why: mm.NeedsConsent, message: "Admin consent required for app {app} and {audience}", remedy: askConsent},
	65002:  {why: mm.NeedsConsent, message: "{audience} does not let app {app} have tokens", remedy: "Use an app registration of your own tenant as appId of {connection}."},
	65005:  {why: mm.NeedsConsent, message: "App {app} does not list the permissions for {audience}", remedy: "Add them in its registration; then " + askConsent},
	90008:  {why: mm.NeedsConsent, message: "Nobody has consented to app {app} yet", remedy: askConsent},
	90094:  {why: mm.NeedsConsent, message: "Admin consent required: the tenant does not let people consent themselves", remedy: askConsent},
	90095:  {why: mm.NeedsConsent, message: "Admin consent required: a request for it has to be sent or approved", remedy: askConsent},
	500011: {why: mm.NeedsConsent, message: "Tenant {tenant} does not know {audience}", remedy: "Look whether it has a subscription for it; then " + askConsent},
	500014: {why: mm.NeedsConsent, message: "{audience} is disabled in tenant {tenant}", remedy: "Have an administrator enable its service principal, or look at the subscription."},
	650052: {why: mm.NeedsConsent, message: "Tenant {tenant} has no subscription for {audience}, or nobody has consented", remedy: askConsent},
	650056: {why: mm.NeedsConsent, message: "The registration of app {app} lacks permissions or consent", remedy: askConsent},
	650057: {why: mm.NeedsConsent, message: "App {app} does not list the permissions for {audience}", remedy: "Add them in its registration; then " + askConsent},

	// The registration or the connection is not right.
	50011:   {message: "Reply URL mismatch: app {app} has no redirect http://localhost", remedy: "Add http://localhost in its registration, under Authentication, Mobile and desktop applications."},
	50059:   {message: "Entra cannot tell which tenant is meant", remedy: checkTenant},
	50105:   {message: "The account may not use app {app}: it is not assigned to it", remedy: "Have an administrator assign the account, under Enterprise applications, Users and groups."},
	50128:   {message: "Tenant {tenant} has no such domain", remedy: checkTenant},
	50194:   {message: "App {app} may only be used in its own tenant", remedy: checkTenant},
	70001:   {message: "App {app} was not found or is disabled", remedy: "Look at appId: mm-connections show {connection}"},
	70011:   {message: "A scope is not valid", remedy: "Look at scopes: mm-connections show {connection}"},
	90002:   {message: "Tenant {tenant} was not found", remedy: checkTenant},
	90019:   {message: "Entra cannot tell which tenant is meant", remedy: checkTenant},
	90023:   {message: "Tenant {tenant} is not a valid name of one", remedy: checkTenant},
	500113:  {message: "Reply URL mismatch: app {app} has no redirect at all", remedy: "Add http://localhost in its registration, under Authentication, Mobile and desktop applications."},
	700016:  {message: "App not found in this tenant: {app} in {tenant}", remedy: "Look at appId, tenant and cloud: mm-connections show {connection}. An app of another tenant has to be added first, at {consent}"},
	900144:  {message: "A field of the request is missing", remedy: "Look at the connection: mm-connections show {connection}"},
	900382:  {message: "App {app} belongs to another cloud than {cloud}", remedy: checkTenant},
	7000112: {message: "App {app} is disabled", remedy: "Have an administrator enable it, under Enterprise applications, Properties."},
	7000218: {message: "Client secret or assertion required: public client flows are off for app {app}", remedy: "Switch on Allow public client flows in its registration, under Authentication."},
	7000215: {message: "App {app} wants a client secret, which mm does not use", remedy: "Switch on Allow public client flows in its registration, under Authentication."},

	// The account is not right.
	50020:  {message: "The account is not known in tenant {tenant}", remedy: addUser},
	50034:  {message: "There is no such account in tenant {tenant}", remedy: addUser},
	50053:  {message: "The account is locked, or the sign-in came from a suspicious address", remedy: "Wait a while, or ask an administrator of the tenant."},
	50055:  {message: "The password has expired", remedy: fixAccount},
	50057:  {message: "The account is disabled", remedy: "Ask an administrator of the tenant."},
	50126:  {message: "The name or the password is wrong", remedy: signInAgain},
	50144:  {message: "The password has expired in the organisation's own directory", remedy: fixAccount},
	50177:  {message: "The account is not known in tenant {tenant}", remedy: addUser},
	51004:  {message: "There is no such account in tenant {tenant}", remedy: addUser},
	90072:  {message: "The account is not known in tenant {tenant}", remedy: addUser},
	500208: {message: "That domain is not one that can sign in to tenant {tenant}", remedy: addUser},
	500212: {message: "A policy of the account's own organisation keeps it out of tenant {tenant}", remedy: askAdmin},
	500213: {message: "A policy of tenant {tenant} keeps accounts of that organisation out", remedy: askAdmin},

	70018: {message: "The device code is not valid any more", remedy: signInAgain},
	70019: {message: "The device code has expired", remedy: signInAgain},
	70020: {message: "The device code has expired", remedy: signInAgain},

	// Entra, or the clock.
	50196:  {message: "Entra stopped a loop of sign-ins", remedy: "Wait five minutes, and look whether a script asks again and again."},
	90033:  {message: "Entra has a passing fault", remedy: "Try again in a minute."},
	500133: {message: "A time does not fit", remedy: "Set the clock of this computer."},
	700024: {message: "A time does not fit", remedy: "Set the clock of this computer."},
}

// answers are the refusals by which a person's answer to a device code is told (RFC 8628), whatever their number.
var answers = map[string]meaning{
	"authorization_declined": {message: "The person declined the sign-in", remedy: signInAgain},
	"expired_token":          {message: "The device code has expired", remedy: signInAgain},
}

// kinds are the refusals without a number that is known.
var kinds = map[string]meaning{
	"access_denied":           {message: "The person declined, or may not sign in", remedy: signInAgain},
	"interaction_required":    {why: mm.NeedsClaims, remedy: signInAgain},
	"login_required":          {why: mm.Expired, remedy: signInAgain},
	"consent_required":        {why: mm.NeedsConsent, remedy: askConsent},
	"invalid_grant":           {why: mm.Expired, remedy: signInAgain},
	"invalid_resource":        {why: mm.NeedsConsent, remedy: askConsent},
	"temporarily_unavailable": {message: "Entra has a passing fault", remedy: "Try again in a minute."},
	"server_error":            {message: "Entra has a passing fault", remedy: "Try again in a minute."},
}
