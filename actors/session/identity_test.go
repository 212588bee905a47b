package session

import (
	"encoding/json"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestTheIdentityIsReadFromWhatTheModulesGive(t *testing.T) {
	for _, c := range []struct {
		why     string
		reads   reading
		objects string
		want    identity
	}{
		{"exo", healthReads(mm.Exchange), `[{"State":"Connected","UserPrincipalName":"a@x.com","TenantID":"t"}]`, identity{"a@x.com", "t"}},
		{"the first of several", healthReads(mm.Exchange), `[{"UserPrincipalName":"a@x.com"},{"UserPrincipalName":"b@x.com"}]`, identity{"a@x.com", "before"}},
		{"a SharePoint claim", healthReads(mm.SharePoint), `[{"CurrentUser.UserPrincipalName":null,"CurrentUser.Email":"","CurrentUser.LoginName":"i:0#.f|membership|a@x.com"}]`, identity{"a@x.com", "before"}},
		{"a SharePoint guest", healthReads(mm.SharePoint), `[{"CurrentUser.UserPrincipalName":"p_x.com#EXT#@y.com","CurrentUser.Email":"p@x.com"}]`, identity{"p@x.com", "before"}},
		{"a bare string", reading{tenant: []string{""}}, `["t"]`, identity{"old", "t"}},
		{"no object", healthReads(mm.Exchange), `[]`, identity{"old", "before"}},
		{"null", healthReads(mm.Exchange), `null`, identity{"old", "before"}},
		{"not what was expected", healthReads(mm.Exchange), `[{"UserPrincipalName":{"x":1},"TenantID":7}]`, identity{"old", "before"}},
		{"nothing", healthReads(mm.Exchange), ``, identity{"old", "before"}},
	} {
		if got := (identity{"old", "before"}).with(c.reads, json.RawMessage(c.objects)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}

func TestOnlyTheExpectedAccountAndTenantMayRunAnything(t *testing.T) {
	conn := func(email, tenant, id string) mm.Connection {
		return mm.Connection{Name: "C", ExpectedEmail: email, Tenant: tenant, TenantID: id}
	}
	const other = "22222222-2222-2222-2222-222222222222"
	for _, c := range []struct {
		why   string
		seen  identity
		conn  mm.Connection
		wrong bool
		notes int
	}{
		{"right", identity{"a@x.com", tenantID}, conn("a@x.com", "x.com", tenantID), false, 0},
		{"right, in another case", identity{"A@X.com", strings.ToUpper(tenantID)}, conn("a@x.com", "x.com", tenantID), false, 0},
		{"another account", identity{"b@x.com", tenantID}, conn("a@x.com", "x.com", tenantID), true, 0},
		{"a guest: right address, another tenant", identity{"a@x.com", other}, conn("a@x.com", "x.com", tenantID), true, 0},
		{"tenant given as an id", identity{"a@x.com", other}, conn("a@x.com", tenantID, ""), true, 0},
		{"any account is expected", identity{"b@x.com", tenantID}, conn("", "x.com", tenantID), false, 0},
		{"the registry has no tenant id", identity{"a@x.com", other}, conn("a@x.com", "x.com", ""), false, 1},
		{"the module tells nothing", identity{}, conn("a@x.com", "x.com", tenantID), false, 2},
		{"the module tells no tenant", identity{"a@x.com", ""}, conn("a@x.com", "x.com", tenantID), false, 1},
	} {
		wrong, notes := c.seen.against(c.conn)
		if wrong != c.wrong || len(notes) != c.notes {
			t.Errorf("%s: wrong %v, notes %q", c.why, wrong, notes)
		}
	}
	err := identity{"b@x.com", tenantID}.refusal(conn("a@x.com", "x.com", tenantID))
	if !strings.HasPrefix(err.Message, "WARNING: Authenticated with wrong account. Re-authentication required.") || err.Code != mm.WrongAccount {
		t.Errorf("%+v", err)
	}
}

func TestASignInSaysWhatTheConnectionLacks(t *testing.T) {
	full := mm.Connection{Name: "C", AppID: "app", Tenant: "x.com", SharePointHost: "x"}
	for _, c := range []struct {
		module mm.Module
		take   func(*mm.Connection)
		lacks  string
	}{
		{mm.Exchange, func(c *mm.Connection) { c.Tenant = "" }, ""},
		{mm.Azure, func(c *mm.Connection) { c.Tenant = "" }, "tenant"},
		{mm.Teams, func(c *mm.Connection) { c.Tenant = "" }, "tenant"},
		{mm.SharePoint, func(c *mm.Connection) { c.AppID = "" }, "appId"},
		{mm.SharePoint, func(c *mm.Connection) { c.SharePointHost = "" }, "sharepoint_host"},
		{mm.SharePoint, func(c *mm.Connection) { c.AppID, c.ModuleApps = "", map[string]string{"pnp": "app"} }, ""},
	} {
		conn := full
		c.take(&conn)
		_, err := signIn(c.module, conn)
		if (err != nil) != (c.lacks != "") || err != nil && !strings.Contains(err.Message, " has no "+c.lacks+",") {
			t.Errorf("%s without %s: %v", c.module, c.lacks, err)
		}
	}
	for _, m := range mm.Modules() {
		if plan, err := signIn(m, full); err != nil || len(plan) == 0 {
			t.Errorf("%s: %v", m, err)
		}
	}
}

func TestASignInThatEndedIsSuspected(t *testing.T) {
	for message, want := range map[string]bool{
		"AADSTS700082: The refresh token has expired due to inactivity.":                                                              true,
		"You must call the Connect-ExchangeOnline cmdlet before calling any other cmdlets.":                                           true,
		"Your Azure credentials have not been set up or have expired, please run Connect-AzAccount to set up your Azure credentials.": true,
		"There is currently no connection yet. Use Connect-PnPOnline to connect.":                                                     true,
		"The remote server returned an error: (401) Unauthorized.":                                                                    true,
		"Couldn't find object 'x'.": false,
		"The password has expired":  false,
		"Item 4012 was not found":   false,
	} {
		if got := suspicious(mm.Result{Errors: []mm.ErrorRecord{{Message: message}}}); got != want {
			t.Errorf("%q: %v", message, got)
		}
	}
}
