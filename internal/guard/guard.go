// Package guard decides over facts: may a command run in a session? It is pure.
//
// So far it knows one category, identity: a command that changes who the session is. mm manages the sign-in; a session whose
// account changes behind its back would run the next caller's command as somebody else.
package guard

import (
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// Judge returns nil where the command may run, else the answer: code blocked, executed no.
func Judge(c mm.Connection, m mm.Module, f mm.Facts) *mm.Error {
	if f.TooComplex != "" {
		return mm.Errorf(mm.Blocked, "Send it in smaller parts.", "Command blocked: %s. What cannot be analysed whole is not run.", f.TooComplex)
	}
	for _, command := range f.Commands {
		if changesIdentity(command) {
			return mm.Errorf(mm.Blocked,
				"mm manages the sign-in: `mm sign-in` signs somebody in, `mm reset` gives the session a new process. Do not look for another way; ask the person.",
				"Command blocked: %s changes who the session of %s is. This operation is not allowed through the session pool.",
				shown(command), c.Name)
		}
	}
	return nil
}

// identityCommands change the account or the tenant of a session.
var identityCommands = map[string]bool{
	"connect-exchangeonline": true, "connect-ippssession": true, "disconnect-exchangeonline": true,
	"connect-azaccount": true, "disconnect-azaccount": true, "login-azaccount": true, "logout-azaccount": true,
	"add-azaccount": true, "remove-azaccount": true, "select-azcontext": true, "clear-azcontext": true,
	"remove-azcontext": true, "import-azcontext": true,
	"connect-microsoftteams": true, "disconnect-microsoftteams": true,
	"connect-pnponline": true, "disconnect-pnponline": true,
	"connect-mggraph": true, "disconnect-mggraph": true,
}

// changesIdentity judges by what the name stands for in the session; every Connect- and Disconnect- of a name that is not
// known yet counts too, since its module may be imported only when it runs.
func changesIdentity(c mm.CommandFact) bool {
	name := strings.ToLower(bare(resolved(c)))
	switch {
	case identityCommands[name]:
		return true
	case name == "set-azcontext":
		return setsTenant(c)
	case strings.HasPrefix(name, "connect-"), strings.HasPrefix(name, "disconnect-"):
		return c.Kind == "unknown" || c.Module != "" && c.Kind == "cmdlet"
	}
	return false
}

// setsTenant reports whether a Set-AzContext may change the tenant: by -Tenant in any abbreviation or by its alias, by a whole
// context, or by what is known only at run time. -Subscription alone is allowed.
func setsTenant(c mm.CommandFact) bool {
	if c.Splatted {
		return true
	}
	for _, p := range c.Parameters {
		name := strings.ToLower(p.Name)
		for _, full := range []string{"tenant", "tenantid", "domain", "context"} {
			if name != "" && strings.HasPrefix(full, name) {
				return true
			}
		}
	}
	return len(c.Arguments) > 1 // the second position is the tenant
}

// resolved is what the name stands for; the name itself where nothing of it is known.
func resolved(c mm.CommandFact) string {
	if c.Resolved != "" {
		return c.Resolved
	}
	return c.Name
}

// bare strips the module from a qualified name (ExchangeOnlineManagement\Connect-ExchangeOnline).
func bare(name string) string { return name[strings.LastIndexAny(name, `\/`)+1:] }

func shown(c mm.CommandFact) string {
	if r := resolved(c); !strings.EqualFold(r, c.Name) {
		return fmt.Sprintf("%s (%s)", c.Name, r)
	}
	return c.Name
}
