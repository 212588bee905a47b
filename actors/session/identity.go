package session

import (
	"encoding/json"
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// An identity is who is signed in, as the module tells it; empty where it has not.
type identity struct{ account, tenant string }

// A reading says which members of a step's first object tell the account and the tenant; the first that is not empty wins.
type reading struct{ account, tenant []string }

// with returns the identity with what the step's objects add.
func (i identity) with(r reading, objects json.RawMessage) identity {
	object := firstObject(objects)
	for _, member := range r.account {
		if a := addressOf(firstText(object, []string{member})); a != "" {
			i.account = a
			break
		}
	}
	if t := firstText(object, r.tenant); t != "" {
		i.tenant = t
	}
	return i
}

// against compares with what the connection expects. wrong means that nothing may run; notes say what could not be compared.
func (i identity) against(c mm.Connection) (wrong bool, notes []string) {
	tenant := c.ExpectedTenantID()
	switch {
	case i.account != "" && c.ExpectedEmail != "" && !strings.EqualFold(i.account, c.ExpectedEmail),
		i.tenant != "" && tenant != "" && !strings.EqualFold(i.tenant, tenant):
		return true, nil
	}
	if i.account == "" && c.ExpectedEmail != "" {
		notes = append(notes, "The module does not tell who is signed in: the account was not verified.")
	}
	switch {
	case tenant == "":
		notes = append(notes, fmt.Sprintf("Connection %s has no tenantId: the tenant was not verified. "+
			"Set it with: mm-connections edit %q tenantId TENANT-ID", c.Name, c.Name))
	case i.tenant == "":
		notes = append(notes, "The module does not tell the tenant: it was not verified.")
	}
	return false, notes
}

// refusal is the answer to whoever wants to use a session with the wrong identity.
func (i identity) refusal(c mm.Connection) *mm.Error {
	return &mm.Error{Code: mm.WrongAccount, Executed: mm.ExecutedNo,
		Message: fmt.Sprintf("WARNING: Authenticated with wrong account. Re-authentication required. "+
			"Signed in was %s in tenant %s; connection %s expects %s in tenant %s. Nothing was run, and the account was signed out.",
			orUnknown(i.account), orUnknown(i.tenant), c.Name, orAny(c.ExpectedEmail), orAny(c.TenantOrID())),
		Remedy: "Run the command again for a new device code, and sign in as " + orAny(c.ExpectedEmail) +
			"; a private browser window keeps other accounts out of the way."}
}

func orUnknown(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

func orAny(s string) string {
	if s == "" {
		return "(any)"
	}
	return s
}

// firstObject decodes the first element of a JSON array: an object's members, or a bare string under the empty name.
func firstObject(objects json.RawMessage) map[string]any {
	var items []any
	if json.Unmarshal(objects, &items) != nil || len(items) == 0 {
		return nil
	}
	switch v := items[0].(type) {
	case map[string]any:
		return v
	case string:
		return map[string]any{"": v}
	}
	return nil
}

func firstText(object map[string]any, members []string) string {
	for _, m := range members {
		if s, ok := object[m].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// addressOf takes the address out of a SharePoint claim (i:0#.f|membership|admin@contoso.com). What a directory calls a guest
// (partner_fabrikam.com#EXT#@northwind.onmicrosoft.com) is nobody's address: it gives "".
func addressOf(account string) string {
	if strings.Contains(strings.ToUpper(account), "#EXT#") {
		return ""
	}
	return account[strings.LastIndexByte(account, '|')+1:]
}
