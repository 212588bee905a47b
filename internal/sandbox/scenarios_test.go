package sandbox

import (
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestAPartnerEndsInTheHomeTenantWhereExchangeAsksForNone(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir(), ApproveAfter: soon})
	fabrikam, northwind := s.Tenants()[1], s.Tenants()[2]
	runSteps(t, s, "Northwind-Partner", []step{
		{connect(mm.Exchange, northwind), []string{"console: code"}},
		{"$c = Get-ConnectionInformation; $c.UserPrincipalName; $c.TenantID", []string{"output: " + Partner, "output: " + fabrikam.ID}},
		{connect(mm.Azure, northwind) + "; $profile1.Context.Tenant.Id; (Get-AzTenant).TenantCategory",
			[]string{"information: code", "output: " + northwind.ID, "output: Home", "output: Projected"}},
		{connect(mm.SharePoint, northwind), []string{"warning: code"}},
		{"$user = (Get-PnPWeb).CurrentUser; $user.Email; $user.UserPrincipalName; Get-PnPTenantId",
			[]string{"output: " + Partner, "output: partner_fabrikam.com#EXT#@northwind.onmicrosoft.com", "output: " + northwind.ID}},
		{"Get-PnPTenantSite", []string{"throw: Attempted to perform an unauthorized operation."}},
	}, nil)
}

func TestTokensConnectWithoutACode(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir()})
	contoso := s.Tenants()[0]
	token := func(resource string) string {
		text, err := s.Entra().IssueToken(contoso.ID, "adele@contoso.com", resource)
		if err != nil {
			t.Fatal(err)
		}
		return "'" + text + "'"
	}
	runSteps(t, s, "Contoso-GA", []step{
		{"Connect-ExchangeOnline -ShowBanner:$false -UserPrincipalName adele@contoso.com -AccessToken " + token(ExchangeResource) +
			"; (Get-ConnectionInformation).UserPrincipalName", []string{"output: adele@contoso.com"}},
		{"Connect-ExchangeOnline -ShowBanner:$false -UserPrincipalName adele@contoso.com -AccessToken garbage", []string{"throw: JWT must have three segments"}},
		{"(Connect-AzAccount -AccountId adele@contoso.com -SkipValidation -AccessToken " + token(AzureResource) + ").Context.Account.Id",
			[]string{"output: adele@contoso.com"}},
		{"(Connect-MicrosoftTeams -AccessTokens " + token(GraphResource) + ", " + token(TeamsResource) + ").Account", []string{"output: adele@contoso.com"}},
		{"Connect-MicrosoftTeams -AccessTokens " + token(GraphResource), []string{"throw: AccessTokens has no token for " + TeamsResource}},
		{"Connect-PnPOnline -Url https://contoso.sharepoint.com -AccessToken " + token("https://contoso.sharepoint.com") + "; (Get-PnPWeb).CurrentUser.Email",
			[]string{"output: adele@contoso.com"}},
		{"Connect-ExchangeOnline -ShowBanner:$false -UserPrincipalName adele@contoso.com -AccessToken " + token(GraphResource),
			[]string{"throw: UnAuthorized: The access token is for the audience https://graph.microsoft.com"}},
		{"Connect-ExchangeOnline -ShowBanner:$false -UserPrincipalName alex@contoso.com -AccessToken " + token(ExchangeResource),
			[]string{"throw: is of adele@contoso.com and not of alex@contoso.com"}},
		{"Connect-AzAccount -AccountId adele@contoso.com -AccessToken " + token(GraphResource),
			[]string{"warning: Unable to acquire token", "throw: The access token is for the audience"}},
		{"$null = Connect-AzAccount -AccountId adele@contoso.com -SkipValidation -AccessToken " + token(GraphResource) +
			"; (Invoke-AzRestMethod -Path /tenants?api-version=1).StatusCode; Get-AzSubscription",
			[]string{"output: 401", "throw: InvalidAuthenticationToken: The access token is for the audience"}},
		{"Connect-MicrosoftTeams -TenantId " + s.Tenants()[1].ID + " -AccessTokens " + token(GraphResource) + ", " + token(TeamsResource),
			[]string{"throw: AccessTokens are of another tenant."}},
		{"Connect-PnPOnline -Url https://contoso.sharepoint.com -AccessToken " + token("https://contoso-admin.sharepoint.com") + "; (Get-PnPConnection).Url",
			[]string{"output: https://contoso.sharepoint.com"}},
		{"Get-PnPWeb", []string{"throw: (401) Unauthorized"}},
	}, nil)
}

// stopped runs a command in a runspace of its own, as mm's host does, stops it while it waits, and prints how it ended.
const stopped = `
$ps = [powershell]::Create().AddScript('Import-Module MicrosoftTeams; Write-Warning up; %s')
$null = $ps.BeginInvoke()
while ($ps.Streams.Warning.Count -eq 0) { Start-Sleep -Milliseconds 10 }
$ps.Stop()
"$($ps.InvocationStateInfo.State)"`

func TestFaultsHappenToTheModules(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir(), ApproveAfter: soon})
	contoso := s.Tenants()[0]
	for target, f := range map[string]Fault{
		"exo/Get-AcceptedDomain":            {Kind: FaultThrow},
		"Contoso-GA:exo/Get-Recipient":      {Kind: FaultThrow, Times: 2},
		"Fabrikam-GA:exo/Get-Mailbox":       {Kind: FaultThrow},
		"exo/Get-Mailbox":                   {Kind: FaultNoise, Times: 1},
		"exo/Get-OrganizationConfig":        {Kind: FaultExpired, Times: 1},
		"exo/Connect-ExchangeOnline":        {Kind: FaultDenied, Times: 1},
		"exo/Get-MailboxStatistics":         {Kind: FaultSlow, Seconds: 0.01},
		"exo/Get-DistributionGroup":         {Kind: FaultThreadSleep, Seconds: 0.01},
		"azure/Connect-AzAccount":           {Kind: FaultWrongAccount},
		"azure/Invoke-AzRestMethod":         {Kind: FaultExpired, Times: 1},
		"teams/Connect-MicrosoftTeams":      {Kind: FaultNoCode},
		"teams/Get-Team":                    {Kind: FaultHang},
		"pnp/Connect-PnPOnline":             {Kind: FaultWrongAccount, Account: "adele@contoso.com"},
		"pnp/Get-PnPWeb":                    {Kind: FaultExpired},
		"exo/Get-DistributionGroupMember":   {Kind: FaultDie},
		"Contoso-GA:exo/Get-ConnectionInfo": {Kind: FaultDie}, // another command's name begins like this
	} {
		if err := s.Switchboard().Set(target, f); err != nil {
			t.Fatal(err)
		}
	}
	noise := "enter the code NOISE2345 to authenticate."
	runSteps(t, s, "Contoso-GA", []step{
		{connect(mm.Exchange, contoso), []string{"console: code", "throw: AADSTS70000: The user declined"}},
		{connect(mm.Exchange, contoso), []string{"console: code"}},
		{"Get-AcceptedDomain", []string{"throw: The sandbox's switchboard made Get-AcceptedDomain fail."}},
		{"try { Get-Recipient } catch { 'one' }; try { Get-Recipient } catch { 'two' }; (Get-Recipient adele).Alias", []string{"output: one", "output: two", "output: Adele"}},
		{"(Get-Mailbox adele).Alias", []string{"output: Adele", "warning: " + noise, "verbose: " + noise, "debug: " + noise, "information: " + noise,
			"error: " + noise, "console: " + noise, "warning: ___END_OF_OUTPUT___", "warning: ##MARKER##", "warning: PS />", `warning: {"op":"result"`}},
		{"(Get-Mailbox adele).Alias; (Get-MailboxStatistics adele).ItemCount; (Get-DistributionGroup).Count", []string{"output: Adele", "output: 680", "output: 3"}},
		{"Get-OrganizationConfig", []string{"throw: AADSTS700082"}},
		{"Get-Mailbox", []string{"throw: Run Connect-ExchangeOnline again."}},
		{"$c = Get-ConnectionInformation; $c.State; $c.TokenStatus", []string{"output: Broken", "output: Expired"}},
		{connect(mm.Exchange, contoso) + "; (Get-ConnectionInformation).State", []string{"console: code", "output: Connected"}},
		{connect(mm.Azure, contoso) + "; $profile1.Context.Account.Id", []string{"information: code", "output: adele@contoso.com"}},
		{"Invoke-AzRestMethod -Path /tenants?api-version=1", []string{"throw: Your Azure credentials have not been set up or have expired"}},
		{"(Get-AzContext).Account.Id", []string{"output: adele@contoso.com"}},
		{connect(mm.SharePoint, contoso), []string{"warning: code"}},
		{"Get-PnPWeb", []string{"throw: (401) Unauthorized"}},
		{"(Get-PnPConnection).ConnectionMethod", []string{"output: DeviceLogin"}},
		{strings.Replace(stopped, "%s", connect(mm.Teams, contoso), 1), []string{"output: Stopped"}},
		{strings.Replace(stopped, "%s", "Get-Team", 1), []string{"output: Stopped"}},
		{strings.Replace(stopped, "%s", "Get-CsTenant", 1), []string{"output: Stopped"}},
		{"Get-DistributionGroupMember x; 'alive'", []string{"not output: alive"}}, // the process is gone
	}, nil)
}
