package engine_test

import (
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func TestTokensConnectOnlyWhereTheyAreFor(t *testing.T) {
	const graph, host = sandbox.GraphResource, "https://contoso.sharepoint.com"
	fabrikam := sandbox.Tenants()[1].ID
	for _, c := range []struct {
		name    string
		module  mm.Module
		connect string // 'TOKEN:RESOURCE' is replaced by one
		late    bool   // the token has expired
		then    string
		want    string // what then prints, or why it fails
	}{
		{"exo", mm.Exchange, "Connect-ExchangeOnline -UserPrincipalName adele@contoso.com -AccessToken TOKEN:" + sandbox.ExchangeResource, false,
			"Get-ConnectionInformation", "adele@contoso.com"},
		{"exo, another audience", mm.Exchange, "Connect-ExchangeOnline -UserPrincipalName adele@contoso.com -AccessToken TOKEN:" + graph, false, "",
			"UnAuthorized: The access token is for the audience https://graph"},
		{"exo, too late", mm.Exchange, "Connect-ExchangeOnline -UserPrincipalName adele@contoso.com -AccessToken TOKEN:" + sandbox.ExchangeResource, true, "",
			"The access token has expired"},
		{"exo, another account", mm.Exchange, "Connect-ExchangeOnline -UserPrincipalName alex@contoso.com -AccessToken TOKEN:" + sandbox.ExchangeResource, false,
			"", "is of adele@contoso.com and not of alex"},
		{"exo, another tenant", mm.Exchange, "Connect-ExchangeOnline -Organization fabrikam.com -AccessToken TOKEN:" + sandbox.ExchangeResource, false, "",
			"not of the organization"},
		{"azure", mm.Azure, "Connect-AzAccount -AccountId adele@contoso.com -AccessToken TOKEN:" + sandbox.AzureResource, false, "Get-AzSubscription",
			"Contoso Production"},
		{"azure, another audience", mm.Azure, "Connect-AzAccount -AccountId adele@contoso.com -AccessToken TOKEN:" + graph, false, "", "for the audience"},
		{"azure, not validated", mm.Azure, "Connect-AzAccount -AccountId a@contoso.com -SkipValidation -AccessToken TOKEN:" + graph, false,
			"Invoke-AzRestMethod -Path /tenants?api-version=1", "401"},
		{"azure, not validated, then used", mm.Azure, "Connect-AzAccount -AccountId a@contoso.com -SkipValidation -AccessToken TOKEN:" + graph, false,
			"Get-AzSubscription", "InvalidAuthenticationToken"},
		{"azure, another tenant", mm.Azure, "Connect-AzAccount -AccountId a@contoso.com -Tenant " + fabrikam + " -AccessToken TOKEN:" + sandbox.AzureResource,
			false, "", "wrong issuer"},
		{"teams", mm.Teams, "Connect-MicrosoftTeams -AccessTokens TOKEN:" + graph + ",TOKEN:" + sandbox.TeamsResource, false, "Get-Team", "ProjectFalcon"},
		{"teams, one is missing", mm.Teams, "Connect-MicrosoftTeams -AccessTokens TOKEN:" + graph, false, "", "no token for " + sandbox.TeamsResource},
		{"teams, too late", mm.Teams, "Connect-MicrosoftTeams -AccessTokens TOKEN:" + graph + ",TOKEN:" + sandbox.TeamsResource, true, "", "has expired"},
		{"teams, another tenant", mm.Teams, "Connect-MicrosoftTeams -TenantId " + fabrikam + " -AccessTokens TOKEN:" + graph + ",TOKEN:" + sandbox.TeamsResource,
			false, "", "another tenant"},
		{"pnp", mm.SharePoint, "Connect-PnPOnline -Url " + host + " -AccessToken TOKEN:" + host, false, "Get-PnPConnection", "AccessToken"},
		{"pnp, another host", mm.SharePoint, "Connect-PnPOnline -Url " + host + " -AccessToken TOKEN:https://contoso-admin.sharepoint.com", false,
			"Get-PnPWeb", "(401) Unauthorized"},
		{"pnp, too late", mm.SharePoint, "Connect-PnPOnline -Url " + host + " -AccessToken TOKEN:" + host, true, "Get-PnPWeb", "(401) Unauthorized"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				s := newSession(t, "Contoso-GA", c.module)
				script := c.connect
				for _, resource := range []string{sandbox.ExchangeResource, sandbox.AzureResource, graph, sandbox.TeamsResource,
					"https://contoso-admin.sharepoint.com", host} {
					if !strings.Contains(script, "TOKEN:"+resource) {
						continue
					}
					token, err := s.entra.IssueToken("contoso.com", "adele@contoso.com", resource)
					if err != nil {
						t.Fatal(err)
					}
					script = strings.ReplaceAll(script, "TOKEN:"+resource, "'"+token+"'")
				}
				if c.late {
					time.Sleep(sandbox.TokenLifetime)
				}
				r := s.run(script)
				if c.then != "" {
					if len(r.Errors) > 0 {
						t.Fatalf("connecting: %+v", r.Errors)
					}
					r = s.run(c.then)
				}
				got := r.Output
				for _, e := range r.Errors {
					got += e.Message
				}
				if !strings.Contains(got, c.want) {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
}
