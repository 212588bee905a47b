package mm

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Connection is one entry of the registry (~/.m365-connections.json): an app registration in one tenant and the account
// that is expected to sign in there. Only Name is always set; what is missing is said when it is needed.
type Connection struct {
	Name               string            `json:"-"`
	AppID              string            `json:"appId,omitempty"`
	Tenant             string            `json:"tenant,omitempty"`        // a domain or a tenant id
	TenantID           string            `json:"tenantId,omitempty"`      // a GUID
	ExpectedEmail      string            `json:"expectedEmail,omitempty"` // compared without regard to case
	Description        string            `json:"description,omitempty"`
	MCPs               []string          `json:"mcps,omitempty"` // the MCP servers that may use it; empty: all
	SkipSignatureStrip bool              `json:"skipSignatureStrip,omitempty"`
	SkipSendGuards     bool              `json:"skipSendGuards,omitempty"`
	ModuleApps         map[string]string `json:"moduleApps,omitempty"`
	SharePointHost     string            `json:"sharepoint_host,omitempty"` // first label of HOST.sharepoint.com
	// SharePointGuessed says that SharePointHost is the first label of a tenant's own domain, which need not be its host's.
	SharePointGuessed bool `json:"-"`
	// GraphScopes are asked for in place of Graph's .default, for apps whose consent is narrower than their registration.
	GraphScopes []string `json:"scopes,omitempty"`
	// SignIn is "" or "shared" where the sessions of all modules use the tokens of the connection's one sign-in as far as
	// they can, "perModule" where each has its own.
	SignIn string `json:"signIn,omitempty"`
	// Cloud is "" or "public" for Microsoft's public cloud; "usgov", "usgovdod" or "china" for a national one; "sandbox" for the
	// stand-ins of internal/sandbox.
	Cloud string `json:"cloud,omitempty"`
	// Sandbox is what a connection of the sandbox needs besides; nil otherwise.
	Sandbox *SandboxEndpoints `json:"sandbox,omitempty"`
	// KnownModuleApps is the registry's _knownModuleApps, the same for all connections.
	KnownModuleApps map[string]string `json:"-"`
}

// SandboxEndpoints says where the sandbox of a connection with cloud "sandbox" is. The host of Authority is loopback; the
// registry refuses anything else.
type SandboxEndpoints struct {
	Authority string `json:"authority"` // base address of the stand-in for Entra: http://127.0.0.1:41234
	Dir       string `json:"dir"`       // the sandbox's folder, with its tenants and its switchboard
	// The same Entra, and the stand-ins for Graph and Power Automate, over TLS; empty: this sandbox has none.
	Login string `json:"login,omitempty"` // https://127.0.0.1:41235
	Graph string `json:"graph,omitempty"`
	Flow  string `json:"flow,omitempty"`
	CA    string `json:"ca,omitempty"` // file of their certificate authority, PEM
}

// App returns the app id that a session of the module signs in with: moduleApps, then the registry's _knownModuleApps,
// then the connection's own. Empty where none is configured.
func (c Connection) App(m Module) string {
	for _, id := range []string{c.ModuleApps[string(m)], c.KnownModuleApps[string(m)], c.AppID} {
		if id != "" {
			return id
		}
	}
	return ""
}

// TenantOrID returns what identifies the tenant in a sign-in: tenantId, else tenant.
func (c Connection) TenantOrID() string {
	if c.TenantID != "" {
		return c.TenantID
	}
	return c.Tenant
}

// ExpectedTenantID returns the tenant id that a sign-in must have: tenantId, or tenant where that is a GUID. Empty where
// the registry does not say; then the tenant cannot be verified.
func (c Connection) ExpectedTenantID() string {
	if c.TenantID != "" {
		return c.TenantID
	}
	if isGUID(c.Tenant) {
		return c.Tenant
	}
	return ""
}

// isGUID reports whether s has the form of a tenant id: 8-4-4-4-12 hexadecimal digits.
func isGUID(s string) bool {
	groups := strings.Split(s, "-")
	if len(groups) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if _, err := hex.DecodeString(groups[i]); err != nil || len(groups[i]) != n {
			return false
		}
	}
	return true
}

// SameIdentity reports whether two versions of a connection sign in the same way, so that a running session of the one
// serves the other. Where they differ, the session is reset before its next command.
func (c Connection) SameIdentity(d Connection, m Module) bool {
	return c.Tenant == d.Tenant && c.TenantID == d.TenantID && c.App(m) == d.App(m) &&
		c.SharePointHost == d.SharePointHost && c.Cloud == d.Cloud &&
		strings.EqualFold(c.ExpectedEmail, d.ExpectedEmail)
}

// AllowsMCP reports whether the MCP server of that name may use the connection.
func (c Connection) AllowsMCP(server string) bool {
	if len(c.MCPs) == 0 {
		return true
	}
	for _, m := range c.MCPs {
		if strings.EqualFold(m, server) {
			return true
		}
	}
	return false
}

// CheckConnectionName returns an error that says the rule where name is not 1 to 64 letters, digits, spaces or ._- without
// a leading dot.
func CheckConnectionName(name string) error {
	allowed := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(" ._-", r)
	}
	length := utf8.RuneCountInString(name)
	if length < 1 || length > 64 || name[0] == '.' || strings.TrimSpace(name) != name || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, func(r rune) bool { return !allowed(r) }) {
		return fmt.Errorf("connection name %q: a name is 1 to 64 letters, digits, spaces or any of . _ -, "+
			"without a leading dot or surrounding spaces", name)
	}
	return nil
}

// A Module is one of the PowerShell modules that a session can be of.
type Module string

// The modules.
const (
	Exchange   Module = "exo"
	Azure      Module = "azure"
	Teams      Module = "teams"
	SharePoint Module = "pnp"
)

// Modules lists all modules in the order in which they are shown.
func Modules() []Module { return []Module{Exchange, SharePoint, Azure, Teams} }

// ParseModule returns the module of that name, without regard to case.
func ParseModule(s string) (Module, bool) {
	for _, m := range Modules() {
		if strings.EqualFold(s, string(m)) {
			return m, true
		}
	}
	return "", false
}

// A SessionID names the session of one module on one connection.
type SessionID struct {
	Connection string
	Module     Module
}

// String returns CONNECTION/MODULE, the session_id of the API.
func (id SessionID) String() string { return id.Connection + "/" + string(id.Module) }

// A Secret is a token or password. It prints, marshals and logs as [redacted]; Reveal is the only way to its text.
type Secret struct{ text string }

const redacted = "[redacted]"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text. Callers hand it to the engine or to the network and keep it nowhere.
func (s Secret) Reveal() string { return s.text }

func (s Secret) String() string { return redacted }

// GoString hides the text from %#v.
func (s Secret) GoString() string { return redacted }

// Format hides the text from every verb of package fmt, also inside of structs.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON hides the text from encoding/json.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
