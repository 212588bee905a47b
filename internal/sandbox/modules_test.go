package sandbox

import (
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// soon approves as fast as the modules ask.
const soon = time.Nanosecond

// Texts that the real modules give.
const (
	exchangeUnknown = "is not recognized as a name of a cmdlet"
	azureSignedOut  = "throw: Run Connect-AzAccount to login."
	teamsSignedOut  = "throw: You must call the Connect-MicrosoftTeams cmdlet before calling any other cmdlets."
	sharePointNone  = "throw: The current connection holds no SharePoint context."
)

// connect is how mm signs each module in.
func connect(m mm.Module, t Tenant) string {
	switch m {
	case mm.Exchange:
		return "Connect-ExchangeOnline -Device -ShowBanner:$false -SkipLoadingCmdletHelp"
	case mm.Azure:
		return "$profile1 = Connect-AzAccount -UseDeviceAuthentication -Tenant " + t.ID + " -SkipContextPopulation -Scope Process"
	case mm.Teams:
		return "Connect-MicrosoftTeams -UseDeviceAuthentication -TenantId " + t.ID
	default:
		return "Connect-PnPOnline -Url https://" + t.SharePointHost + ".sharepoint.com -DeviceLogin -ClientId " + t.AppID() + " -Tenant " + t.ID
	}
}

const promptStart = "To sign in, use a web browser to open the page http://127.0.0.1:"

func TestTheModulesExportWhatTheirManifestsSay(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir()})
	var steps []step
	for _, m := range mm.Modules() {
		name := ModuleName(m)
		steps = append(steps, step{"$m = Import-Module " + name + " -PassThru; $m.Description; $m.Path; " +
			"$promised = (Import-PowerShellDataFile ($m.Path -replace 'psm1$', 'psd1')).FunctionsToExport; " +
			"$missing = $promised | Where-Object { $_ -notin $m.ExportedFunctions.Keys }; \"missing: $missing.\"; $promised.Count -ge 12",
			[]string{"output: Stand-in of Microsoft Master's sandbox; not Microsoft's module", "output: missing: .", "output: True",
				"output: " + s.Home()}}) // before any other of that name
	}
	runSteps(t, s, "Contoso-GA", steps, nil)
}

func TestExchangeBehavesLikeTheRealModule(t *testing.T) {
	s := newSandbox(t, Options{Dir: t.TempDir()})
	contoso := s.Tenants()[0]
	runSteps(t, s, "Contoso-GA", []step{
		{"(Get-Module ExchangeOnlineManagement -ListAvailable).Description", []string{"output: not Microsoft's module"}},
		{"Import-Module ExchangeOnlineManagement; Get-ConnectionInformation", nil},
		{"Get-Mailbox", []string{"throw: CommandNotFoundException,Get-Mailbox | The term 'Get-Mailbox' " + exchangeUnknown}},
		{"Get-EXOMailbox", []string{"throw: You must call the Connect-ExchangeOnline cmdlet before calling any other cmdlets."}},
		{"Connect-ExchangeOnline -ShowBanner:$false", []string{"throw: use -Device or -AccessToken"}},
		{connect(mm.Exchange, contoso), []string{"console: " + promptStart}},
		{"Get-ConnectionInformation", []string{`output: "State":"Connected"`, `output: "TokenStatus":"Active"`,
			`output: "UserPrincipalName":"admin@contoso.com"`, `output: "TenantID":"` + contoso.ID + `"`, `output: "TokenExpiryTimeUTC":"20`}},
		{"Get-Mailbox | Out-String -Width 160", []string{"output: Name                      Alias                Database             ProhibitSendQuota"}},
		{"(Get-Mailbox).Count; (Get-Mailbox -ResultSize Unlimited -RecipientTypeDetails SharedMailbox).Alias", []string{"output: 10", "output: Info", "output: Support"}},
		{"Get-Mailbox -ResultSize 2", []string{"warning: There are more results available than are currently displayed.", "output: admin@contoso.com"}},
		{"'adele', 'nobody' | Get-Mailbox", []string{"output: adele@contoso.com",
			"error: Write-ErrorMessage,Get-Mailbox | Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed because object 'nobody' couldn't be found"}},
		{"(Get-Mailbox -Filter \"Department -eq 'Sales'\").Alias -join ','", []string{"output: Adele,Isaiah"}},
		{"Get-Mailbox -Filter \"Department -gt 1 -and x\"", []string{"throw: Invalid filter syntax"}},
		{"(Get-EXOMailbox adele -Properties Department).Department; (Get-EXOMailbox adele).PSObject.Properties.Name -contains 'Department'",
			[]string{"output: Sales", "output: False"}},
		{"Set-Mailbox adele -DisplayName 'Adele V.' -WhatIf; Set-Mailbox adele -DisplayName 'Adele W.'; (Get-Mailbox adele).DisplayName", []string{"output: Adele W."}},
		{"Set-Mailbox adele -DisplayName 'Adele W.'", []string{"warning: no settings of 'adele' have been modified"}},
		{"$m = Get-Mailbox adele; $m.DisplayName = 'mine'; (Get-Mailbox adele).DisplayName", []string{"output: Adele W."}},
		{"(Get-Mailbox adele | Get-MailboxStatistics).ItemCount", []string{"output: 680"}},
		{"(Get-Recipient -Filter \"RecipientType -like '*Group'\").Count; (Get-Recipient leadership).RecipientType",
			[]string{"output: 3", "output: MailUniversalDistributionGroup"}},
		{"New-InboxRule Invoices -Mailbox adele -SubjectContainsWords invoice -MoveToFolder Invoices; (Get-Mailbox adele | Get-InboxRule).Name",
			[]string{`output: "Identity":"Adele\\2"`, "output: Newsletters", "output: Invoices"}},
		{"Remove-InboxRule Invoices -Mailbox adele", []string{"throw: NonInteractive"}},
		{"Remove-InboxRule Invoices -Mailbox adele -Confirm:$false; (Get-InboxRule -Mailbox adele).Count", []string{"output: 1"}},
		{"Get-InboxRule Invoices -Mailbox adele", []string{"error: object 'Invoices' couldn't be found"}},
		{"New-DistributionGroup 'Board Members' -Members adele@contoso.com; Add-DistributionGroupMember boardmembers -Member alex@contoso.com",
			[]string{`output: "PrimarySmtpAddress":"boardmembers@contoso.com"`}},
		{"(Get-DistributionGroup | Where-Object Alias -eq BoardMembers | Get-DistributionGroupMember).Name -join ','", []string{"output: Adele,Alex"}},
		{"Add-DistributionGroupMember boardmembers -Member alex@contoso.com", []string{"error: MemberAlreadyExistsException"}},
		{"(Get-MessageTraceV2 -Status Failed).RecipientAddress", []string{"output: nobody@example.com"}},
		{"Get-MessageTraceV2 -StartDate ([datetime]::UtcNow.AddDays(-20))", []string{"error: must not be more than 10 days"}},
		{"(Get-OrganizationConfig).Name; (Get-AcceptedDomain).Count", []string{"output: contoso.onmicrosoft.com", "output: 2"}},
		{"Disconnect-ExchangeOnline", []string{"throw: NonInteractive"}},
		{"Disconnect-ExchangeOnline -Confirm:$false; Get-ConnectionInformation; Get-EXOMailbox", []string{"throw: You must call the Connect-ExchangeOnline"}},
	}, func(userCode string) { signInOnPage(t, s, userCode, "admin@contoso.com") })
}

func TestAzureBehavesLikeTheRealModule(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir(), ApproveAfter: soon})
	contoso := s.Tenants()[0]
	rest := "$base = '/subscriptions/" + contoso.Subscriptions[0].ID + "/resourcegroups'; $v = '?api-version=2022-12-01'; "
	runSteps(t, s, "Contoso-GA", []step{
		{"Import-Module Az.Accounts; Get-AzContext", nil},
		{"Get-AzSubscription", []string{azureSignedOut}},
		{"Invoke-AzRestMethod -Path /x", []string{azureSignedOut}},
		{"Update-AzConfig -LoginExperienceV2 Off -Scope Process", []string{`output: "Key":"LoginExperienceV2","Value":"Off"`}},
		{"(Disable-AzContextAutosave -Scope Process).Mode", []string{"output: Process"}},
		{"Connect-AzAccount -UseDeviceAuthentication -Tenant nowhere.com", []string{"warning: AADSTS90002", "throw: AADSTS90002: Tenant 'nowhere.com' not found."}},
		{connect(mm.Azure, contoso), []string{"information: [Login to Azure] " + promptStart, "information: enter the code \x1b[4m"}},
		{"$profile1.Context.Account.Id; $profile1.Context.Tenant.Id; $profile1 | Out-String -Width 120",
			[]string{"output: admin@contoso.com", "output: " + contoso.ID, "output: Contoso Production             Contoso"}},
		{"(Get-AzContext).Account.Id; \"$((Get-AzContext).Subscription)\"; (Get-AzContext -ListAvailable).Count",
			[]string{"output: admin@contoso.com", "output: Contoso Production", "output: 2"}},
		{"Get-AzSubscription | Out-String -Width 160", []string{"output: Name                           Id "}},
		{"(Get-AzTenant).TenantCategory", []string{"output: Home"}},
		{"(Set-AzContext -Subscription 'Contoso Development').Subscription.Name", []string{"output: Contoso Development"}},
		{"(Get-AzContext -ListAvailable)[0] | Select-AzContext | ForEach-Object { $_.Subscription.Name }", []string{"output: Contoso Production"}},
		{"Set-AzContext -Subscription nothing", []string{"throw: Please provide a valid tenant or a valid subscription."}},
		{"(Invoke-AzRestMethod -Method GET -Path '/tenants?api-version=2022-12-01').StatusCode", []string{"output: 200"}},
		{rest + "(Invoke-AzRestMethod -Path $base).Content", []string{"output: MissingApiVersionParameter"}},
		{rest + `Invoke-AzRestMethod -Method PUT -Path "$base/new$v" -Payload '{"location":"westeurope"}'`, []string{`output: "StatusCode":201`}},
		{rest + `((Invoke-AzRestMethod -Path "$base$v").Content | ConvertFrom-Json).value.name -join ','`, []string{"output: rg-web,rg-data,rg-network,new"}},
		{rest + `(Invoke-AzRestMethod -Method DELETE -Path "$base/new$v").StatusCode; (Invoke-AzRestMethod -Path "$base/new$v").StatusCode`,
			[]string{"output: 202", "output: 404"}},
		{"(Get-AzAccessToken).Token.GetType().Name", []string{"output: SecureString"}},
		{"(Disconnect-AzAccount).Id; Get-AzContext; Get-AzTenant", []string{"output: admin@contoso.com", azureSignedOut}},
		{connect(mm.Azure, contoso) + "; Clear-AzContext -Scope Process -Force; Get-AzContext", []string{"information: code"}},
	}, nil)
}

func TestTeamsBehavesLikeTheRealModule(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir(), ApproveAfter: soon})
	contoso := s.Tenants()[0]
	team := "-GroupId " + contoso.Teams[1].GroupID
	runSteps(t, s, "Contoso-GA", []step{
		{"Import-Module MicrosoftTeams; Get-Team", []string{teamsSignedOut}},
		{connect(mm.Teams, contoso), []string{"information: " + promptStart, "console: " + promptStart,
			`output: {"Account":"admin@contoso.com","Environment":"AzureCloud","Tenant":"` + contoso.ID + `","TenantId":"` + contoso.ID}},
		{"(Get-CsTenant).TenantId", []string{"output: " + contoso.ID}},
		{"Get-Team | Out-String -Width 160", []string{"output: GroupId                                DisplayName            Visibility"}},
		{"(Get-Team -User adele@contoso.com -Visibility Public).DisplayName", []string{"output: Coffee Corner"}},
		{"Get-Team -GroupId nothing", []string{"error: Code: NotFound"}},
		{"(Get-TeamUser " + team + ").Count; (Get-Team " + team + " | Get-TeamUser -Role Owner).User", []string{"output: 8", "output: admin@contoso.com"}},
		{"Add-TeamUser " + team + " -User adele@contoso.com -Role Owner; (Get-TeamUser " + team + " -Role Owner).Name", []string{"output: Adele Vance"}},
		{"Add-TeamUser " + team + " -User nobody@contoso.com", []string{"error: Could not find member nobody@contoso.com"}},
		{"Remove-TeamUser " + team + " -User alex@contoso.com; (Get-TeamUser " + team + ").User -contains 'alex@contoso.com'", []string{"output: False"}},
		{"(Get-TeamChannel " + team + ").DisplayName", []string{"output: General"}},
		{"New-Team -DisplayName 'Night Shift'; (Get-Team -MailNickName NightShift).DisplayName", []string{`output: "Archived":false`, "output: Night Shift"}},
		{"New-Team -DisplayName 'Night Shift'", []string{"error: same value for property mailNickname"}},
		{"Set-Team " + team + " -Description better", []string{`output: "Description":"better"`}},
		{"Remove-Team " + team + "; Get-Team " + team, []string{"error: No team found"}},
		{"(Get-CsOnlineUser).Count; (Get-CsOnlineUser -ResultSize 2).Count; (Get-CsOnlineUser adele@contoso.com).SipAddress",
			[]string{"output: 8", "output: 2", "output: sip:adele@contoso.com"}},
		{"Disconnect-MicrosoftTeams; Get-Team", []string{teamsSignedOut}},
	}, nil)
}

func TestSharePointBehavesLikeTheRealModule(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{Dir: t.TempDir(), ApproveAfter: soon})
	contoso := s.Tenants()[0]
	failed := "throw: InvalidOperation,PnP.PowerShell.Commands.Base.ConnectOnline,Connect-PnPOnline | Unable to connect using provided arguments"
	runSteps(t, s, "Contoso-GA", []step{
		{"Import-Module PnP.PowerShell; Get-PnPConnection", []string{sharePointNone}},
		{"Disconnect-PnPOnline", []string{"throw: No connection to disconnect"}},
		{"Get-PnPWeb", []string{sharePointNone}},
		{strings.Replace(connect(mm.SharePoint, contoso), contoso.AppID(), "nobodys-app", 1), []string{"warning: AADSTS700016", failed}},
		{strings.Replace(connect(mm.SharePoint, contoso), "contoso.sharepoint", "fabrikam.sharepoint", 1),
			[]string{"warning: Open a browser, navigate to http://127.0.0.1:", "warning: AADSTS500011", failed}},
		{"$env:POWERSHELL_DISTRIBUTION_CHANNEL = 'CloudShell'; " + connect(mm.SharePoint, contoso), []string{"warning: " + promptStart}},
		{"$user = (Get-PnPWeb -Includes CurrentUser).CurrentUser; $user.Email; $user.UserPrincipalName; $user.LoginName",
			[]string{"output: admin@contoso.com", "output: i:0#.f|membership|admin@contoso.com"}},
		{"Get-PnPTenantId; (Get-PnPConnection).Url", []string{"output: " + contoso.ID, "output: https://contoso.sharepoint.com"}},
		{"Get-PnPList | Out-String -Width 160", []string{"output: Title                     Id "}},
		{"(Get-PnPListItem -List Tasks).Count; (Get-PnPListItem -List Tasks -Id 2).FieldValues.Status", []string{"output: 3", "output: Completed"}},
		{"(Add-PnPListItem -List Tasks -Values @{ Title = 'New'; Status = 'Open' }).Id; (Get-PnPListItem -List Tasks -Id 4).Title", []string{"output: 4", "output: New"}},
		{"(Set-PnPListItem -List Tasks -Identity 4 -Values @{ Status = 'Done' }).FieldValues.Status", []string{"output: Done"}},
		{"Remove-PnPListItem -List Tasks -Identity 4", []string{"throw: NonInteractive"}},
		{"Remove-PnPListItem -List Tasks -Identity 4 -Force; (Add-PnPListItem -List Tasks -Values @{}).Id; Get-PnPListItem -List Tasks -Id 4",
			[]string{"output: 5", "throw: Item does not exist."}},
		{"Get-PnPListItem -List Nothing", []string{"throw: List 'Nothing' does not exist"}},
		{"(New-PnPList -Title Ideas).BaseTemplate; (Get-PnPList Ideas).ItemCount", []string{"output: 100", "output: 0"}},
		{"(Get-PnPTenantSite).Url -join ' '", []string{"output: https://contoso.sharepoint.com https://contoso.sharepoint.com/sites/finance"}},
		{"(Get-PnPAccessToken -Decoded).aud", []string{"output: https://contoso.sharepoint.com"}},
		{"Disconnect-PnPOnline; Get-PnPWeb", []string{sharePointNone}},
	}, nil)
}
