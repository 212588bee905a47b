package session

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A step is one call on the way to being signed in.
type step struct {
	call     mm.Call
	limit    time.Duration
	shows    bool    // a device code may appear while it runs
	optional bool    // its failure does not matter
	reads    reading // what its objects tell of the identity
	tells    bool    // without an account in its objects nobody is signed in
	byToken  bool    // its failure may be the token's: the module's own sign-in follows
}

// The modules' real names.
const (
	exchangeModule   = "ExchangeOnlineManagement"
	azureModule      = "Az.Accounts"
	teamsModule      = "MicrosoftTeams"
	sharePointModule = "PnP.PowerShell"
)

// burnsCore reports whether waiting for a code costs a whole core, so that few may wait at once.
func burnsCore(m mm.Module) bool { return m == mm.SharePoint }

// signIn returns the steps that sign a session in by the module's own device code flow, in an open process. The error says
// what the connection lacks.
func signIn(m mm.Module, c mm.Connection) ([]step, *mm.Error) {
	lacks := func(key, value string) *mm.Error {
		return mm.Errorf(mm.BadRequest, fmt.Sprintf("Set it with: mm-connections edit %q %s %s", c.Name, key, value),
			"Connection %s has no %s, which %s needs to sign in.", c.Name, key, m)
	}
	if c.TenantOrID() == "" && m != mm.Exchange {
		return nil, lacks("tenant", "TENANT.onmicrosoft.com")
	}
	connect := func(module, command string, parameters map[string]any, selected ...string) step {
		return step{shows: true, limit: codeLimit,
			call: mm.Call{Module: module, Command: command, Parameters: parameters, Select: selected}}
	}
	e := c.Endpoints()
	switch m {
	case mm.Exchange:
		return []step{
			connect(exchangeModule, "Connect-ExchangeOnline",
				with(map[string]any{"Device": true, "ShowBanner": false, "SkipLoadingCmdletHelp": true}, "ExchangeEnvironmentName", e.ExchangeEnvironment)),
			{call: health(m), limit: stepLimit, tells: true, reads: healthReads(m)},
		}, nil
	case mm.Azure:
		return append(azurePreparation(),
			connect(azureModule, "Connect-AzAccount", with(map[string]any{"UseDeviceAuthentication": true, "Tenant": c.TenantOrID(),
				"SkipContextPopulation": true, "Scope": "Process"}, "Environment", e.AzureEnvironment), "Context.Account.Id"),
			azureContext()), nil
	case mm.Teams:
		s := connect(teamsModule, "Connect-MicrosoftTeams",
			with(map[string]any{"UseDeviceAuthentication": true, "TenantId": c.TenantOrID()}, "TeamsEnvironmentName", e.TeamsEnvironment),
			"Account", "Account.Id", "TenantId", "Tenant.Id")
		s.tells, s.reads = true, teamsReads
		return []step{s}, nil
	case mm.SharePoint:
		if c.App(m) == "" {
			return nil, lacks("appId", "APPLICATION-ID")
		}
		if c.SharePointHost == "" {
			return nil, lacks("sharepoint_host", "HOST (of https://HOST.sharepoint.com)")
		}
		return []step{
			{call: signOut(m), limit: stepLimit, optional: true}, // a connection that is still there would hide the new code
			connect(sharePointModule, "Connect-PnPOnline", with(map[string]any{"Url": "https://" + c.SharePointHost + e.SharePoint,
				"DeviceLogin": true, "ClientId": c.App(m), "Tenant": c.TenantOrID()}, "AzureEnvironment", e.PnPEnvironment), "Url"),
			{call: health(m), limit: checkLimit, optional: true, reads: healthReads(m)},
			{call: mm.Call{Module: sharePointModule, Command: "Get-PnPTenantId"}, limit: checkLimit, optional: true, reads: reading{tenant: []string{""}}},
		}, nil
	}
	return nil, mm.Errorf(mm.UnknownModule, "", "Unknown module: %s", m)
}

// azurePreparation keeps the contexts of different tenants apart, and the prompt simple.
func azurePreparation() []step {
	process := func(command string, parameters map[string]any) step {
		parameters["Scope"] = "Process"
		return step{call: mm.Call{Module: azureModule, Command: command, Parameters: parameters}, limit: stepLimit, optional: true}
	}
	return []step{
		process("Update-AzConfig", map[string]any{"LoginExperienceV2": "Off"}),
		process("Disable-AzContextAutosave", map[string]any{}),
	}
}

// azureContext tells who is signed in.
func azureContext() step {
	return step{call: mm.Call{Module: azureModule, Command: "Get-AzContext", Select: []string{"Account.Id", "Tenant.Id"}}, limit: stepLimit,
		tells: true, reads: reading{account: []string{"Account.Id"}, tenant: []string{"Tenant.Id"}}}
}

// teamsReads is what Connect-MicrosoftTeams returns.
var teamsReads = reading{account: []string{"Account.Id", "Account"}, tenant: []string{"TenantId", "Tenant.Id"}}

// signOut returns the call that forgets who is signed in.
func signOut(m mm.Module) mm.Call {
	switch m {
	case mm.Exchange:
		return mm.Call{Module: exchangeModule, Command: "Disconnect-ExchangeOnline", Parameters: map[string]any{"Confirm": false}}
	case mm.Azure:
		return mm.Call{Module: azureModule, Command: "Disconnect-AzAccount", Parameters: map[string]any{"Scope": "Process"}}
	case mm.Teams:
		return mm.Call{Module: teamsModule, Command: "Disconnect-MicrosoftTeams"}
	}
	return mm.Call{Module: sharePointModule, Command: "Disconnect-PnPOnline"}
}

// health returns the call that proves a sign-in.
func health(m mm.Module) mm.Call {
	switch m {
	case mm.Exchange:
		return mm.Call{Module: exchangeModule, Command: "Get-ConnectionInformation",
			Select: []string{"State", "TokenStatus", "UserPrincipalName", "TenantID"}}
	case mm.Azure:
		return mm.Call{Module: azureModule, Command: "Invoke-AzRestMethod",
			Parameters: map[string]any{"Method": "GET", "Path": "/tenants?api-version=2022-12-01"}, Select: []string{"StatusCode"}}
	case mm.Teams:
		return mm.Call{Module: teamsModule, Command: "Get-CsTenant", Select: []string{"TenantId"}}
	}
	return mm.Call{Module: sharePointModule, Command: "Get-PnPWeb", Parameters: map[string]any{"Includes": []string{"CurrentUser"}},
		Select: []string{"CurrentUser.UserPrincipalName", "CurrentUser.Email", "CurrentUser.LoginName"}}
}

// healthReads says what the health command tells of the identity: nothing for azure, the tenant alone for teams.
func healthReads(m mm.Module) reading {
	switch m {
	case mm.Exchange:
		return reading{account: []string{"UserPrincipalName"}, tenant: []string{"TenantID"}}
	case mm.Teams:
		return reading{tenant: []string{"TenantId"}}
	case mm.SharePoint:
		return reading{account: []string{"CurrentUser.UserPrincipalName", "CurrentUser.Email", "CurrentUser.LoginName"}}
	}
	return reading{}
}

// healthy reports whether the answer of the health command proves a sign-in.
func healthy(m mm.Module, r mm.Result) bool {
	if failed(r) {
		return false
	}
	object := firstObject(r.Objects)
	switch m {
	case mm.Exchange:
		return firstText(object, []string{"State"}) == "Connected" && firstText(object, []string{"TokenStatus"}) == "Active"
	case mm.Azure:
		code, _ := object["StatusCode"].(json.Number)
		f, _ := object["StatusCode"].(float64)
		return code == "200" || f == 200
	}
	return object != nil
}

// signInLost matches the messages of errors that the modules give when the sign-in has ended. A match is a suspicion only;
// the health command decides.
var signInLost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)AADSTS\d+|\bConnect-(ExchangeOnline|AzAccount|MicrosoftTeams|PnPOnline)\b|` +
		`token\b.{0,40}\bexpired|expired\b.{0,40}\btoken|\bunauthorized\b|\b401\b|no connection|not (signed|logged) in|credentials have not been set up`)
})

// suspicious reports whether the errors of a command look as if the session were not signed in any more.
func suspicious(r mm.Result) bool {
	for _, e := range r.Errors {
		if signInLost().MatchString(e.Message) || strings.Contains(e.FullyQualifiedErrorID, "Unauthorized") {
			return true
		}
	}
	return false
}
