package entra

import (
	"context"
	"encoding/hex"
	"net/url"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// TenantID returns the id of a connection's tenant: the registry's, or else the one that Entra's OpenID metadata has for the
// domain. Empty where the connection names no tenant of its own. The error is an *mm.Error.
func (i *Identity) TenantID(ctx context.Context, c mm.Connection) (string, error) {
	if id := c.ExpectedTenantID(); id != "" || c.Tenant == "" {
		return id, nil
	}
	address := c.Endpoints().Authority + "/" + url.PathEscape(c.Tenant) + "/v2.0/.well-known/openid-configuration"
	i.mu.Lock()
	id, ok := i.tenants[address]
	i.mu.Unlock()
	if ok {
		return id, nil
	}
	w, err := i.wireTo(c)
	if err != nil {
		return "", err
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if err := w.get(ctx, address, &metadata); err != nil {
		return "", i.explain(err, question{conn: c})
	}
	id = tenantIn(metadata.Issuer)
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.tenants) >= remembered {
		clear(i.tenants)
	}
	i.tenants[address] = id
	return id, nil
}

// wireTo returns the way to the connection's Entra.
func (i *Identity) wireTo(c mm.Connection) (*wire, error) {
	if c.Endpoints().CA == "" {
		return i.wire, nil
	}
	known, err := i.client(c)
	if err != nil {
		return nil, err
	}
	return known.wire, nil
}

// tenantIn finds the tenant id in an issuer (https://login.microsoftonline.com/<id>/v2.0). That of "common" has none.
func tenantIn(issuer string) string {
	for part := range strings.SplitSeq(issuer, "/") {
		if len(part) != 36 || strings.Count(part, "-") != 4 {
			continue
		}
		if _, err := hex.DecodeString(strings.ReplaceAll(part, "-", "")); err == nil {
			return part
		}
	}
	return ""
}
