package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

var (
	contextView      = &view{columns: []string{"Name", "Subscription", "Tenant", "Account"}}
	subscriptionView = &view{columns: []string{"Name", "Id", "TenantId", "State"}}
	restView         = &view{list: true}
)

// subscription makes the object that Get-AzSubscription gives.
func subscription(t sandbox.Tenant, s sandbox.Subscription) *object {
	return &object{subscriptionView, []property{{"Name", s.Name}, {"Id", s.ID}, {"TenantId", t.ID}, {"State", s.State}}}
}

func azureCommands() []cmdlet {
	az := func(name, takes string, do func(*run, *account, args) error) cmdlet {
		return cmdlet{name: name, module: "Az.Accounts", kind: "cmdlet", takes: takes, of: mm.Azure, signedIn: mm.Azure,
			do: func(r *run, a args) error { return do(r, r.account(mm.Azure), a) }}
	}
	anyone := func(c cmdlet) cmdlet {
		c.signedIn = ""
		return c
	}
	out := func(r *run, _ *account, _ args) error {
		r.setAccount(mm.Azure, nil)
		return nil
	}
	setting := func(*run, *account, args) error { return nil } // the stand-in keeps nothing outside of the process
	return []cmdlet{
		anyone(az("Connect-AzAccount", "AccessToken AccountId MicrosoftGraphAccessToken Tenant Subscription Environment Scope -UseDeviceAuthentication "+
			"-SkipContextPopulation -SkipValidation -Force",
			connectAzure)),
		anyone(az("Disconnect-AzAccount", "[Username] Scope", out)),
		anyone(az("Clear-AzContext", "Scope -Force", out)),
		anyone(az("Update-AzConfig", "LoginExperienceV2 Scope", setting)),
		anyone(az("Disable-AzContextAutosave", "Scope", setting)),
		anyone(az("Get-AzContext", "[Name] -ListAvailable", func(r *run, who *account, _ args) error {
			if who != nil {
				r.emit(azContext(who))
			}
			return nil
		})),
		az("Set-AzContext", "[Subscription]! Scope -Force", setContext),
		az("Get-AzTenant", "[TenantId]", func(r *run, who *account, _ args) error {
			r.emit(&object{properties: []property{{"Id", who.tenant.ID}, {"Name", who.tenant.DisplayName}, {"Domains", who.tenant.Domain}}})
			return nil
		}),
		az("Get-AzSubscription", "SubscriptionId SubscriptionName TenantId", getSubscriptions),
		az("Invoke-AzRestMethod", "[Path]! Method Payload", restMethod),
	}
}

// connectAzure shows its prompt as the real command does, on the information stream with the code underlined.
func connectAzure(r *run, _ *account, a args) error {
	if a.given("AccessToken") {
		who, err := r.connectAzureByToken(a)
		if err == nil {
			r.showContext(who)
		}
		return refusedOr(err)
	}
	if !a.isSet("UseDeviceAuthentication") {
		return terminating("The sandbox has no browser: use -UseDeviceAuthentication.", "ConnectFailed", "")
	}
	tenantID := a.text("Tenant")
	if tenantID == "" {
		tenantID = "organizations"
	}
	who, err := r.signIn(mm.Azure, tenantID, sandbox.AzureClient, sandbox.AzureResource, func(c sandbox.DeviceCode) {
		r.out.host("[Login to Azure] " + strings.Replace(c.Message, c.UserCode, "\x1b[4m"+c.UserCode+"\x1b[24m", 1))
	})
	if err != nil {
		if r.live() == nil {
			r.out.record(mm.StreamWarning, "Unable to acquire token for tenant '"+tenantID+"' with error '"+err.Error()+"'")
		}
		return refusedSignIn(err, "ConnectFailed")
	}
	r.showContext(who)
	return nil
}

// showContext chooses the first subscription and emits what Connect-AzAccount gives.
func (r *run) showContext(who *account) {
	if rows := who.rows(subscriptions); len(rows) > 0 {
		who.current = rows[0]
	}
	r.emit(&object{properties: []property{{"Environment", "AzureCloud"}, {"Context", azContext(who)}}})
}

// connectAzureByToken refuses a token that does not do, unless SkipValidation leaves that to the service.
func (r *run) connectAzureByToken(a args) (*account, error) {
	if !a.given("AccountId") {
		return nil, words("AccessToken needs AccountId.")
	}
	claims, refused := checkToken(a.text("AccessToken"), sandbox.AzureResource)
	if refused == nil && !isTenant(a.text("Tenant"), claims.TenantID) {
		refused = words(fmt.Sprintf("The access token is from the wrong issuer: it is of the tenant %s and not of %s.", claims.TenantID, a.text("Tenant")))
	}
	if refused != nil && !a.isSet("SkipValidation") {
		return nil, refused
	}
	who, err := r.accept(mm.Azure, a.text("AccessToken"))
	if err != nil {
		return nil, err
	}
	who.upn = a.text("AccountId")
	if refused != nil {
		who.refused = refused.Error()
	}
	return who, nil
}

// azContext makes the object that Get-AzContext gives.
func azContext(who *account) *object {
	name := who.upn
	properties := []property{
		{"Account", &object{properties: []property{{"Id", who.upn}, {"Type", "User"}}}},
		{"Tenant", &object{properties: []property{{"Id", who.tenant.ID}}}},
	}
	if s := who.current; s != nil {
		name = s.text("Name") + " (" + s.text("Id") + ") - " + who.tenant.ID + " - " + who.upn
		properties = append(properties, property{"Subscription", &object{properties: []property{{"Id", s.text("Id")}, {"Name", s.text("Name")}}}})
	}
	return &object{contextView, append([]property{{"Name", name}}, properties...)}
}

func setContext(r *run, who *account, a args) error {
	s := who.find(subscriptions, a.text("Subscription"), "Id", "Name")
	if s == nil {
		return terminating("Please provide a valid tenant or a valid subscription.", "SubscriptionNotFound", a.text("Subscription"))
	}
	who.current = s
	r.emit(azContext(who))
	return nil
}

func getSubscriptions(r *run, who *account, a args) error {
	rows := who.rows(subscriptions)
	for parameter, name := range map[string]string{"SubscriptionId": "Id", "SubscriptionName": "Name"} {
		if a.given(parameter) {
			rows = keep(rows, name, []string{a.text(parameter)})
		}
	}
	return r.emitAll(rows)
}

// restMethod answers GET on tenants, subscriptions and their resource groups.
func restMethod(r *run, who *account, a args) error {
	method := strings.ToUpper(a.text("Method"))
	path, query, _ := strings.Cut(a.text("Path"), "?")
	status, content := restAnswer(who, path)
	switch {
	case who.refused != "":
		status, content = 401, restError("InvalidAuthenticationToken", who.refused)
	case !strings.Contains(query, "api-version="):
		status, content = 400, restError("MissingApiVersionParameter",
			"The api-version query parameter (?api-version=) is required for all requests.")
	case method != "" && method != "GET":
		status, content = 405, restError("MethodNotAllowed", "The stand-in engine answers GET only.")
	}
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	r.emit(&object{restView, []property{{"StatusCode", int64(status)}, {"Content", string(text)}, {"Method", method}, {"RequestUri",
		sandbox.AzureResource + a.text("Path")}}})
	return nil
}

func restError(code, message string) any {
	return map[string]any{"error": map[string]string{"code": code, "message": message}}
}

func restAnswer(who *account, path string) (status int, content any) {
	type members = map[string]any
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) == 1 && strings.EqualFold(parts[0], "tenants"):
		return 200, members{"value": []members{{"id": "/tenants/" + who.tenant.ID, "tenantId": who.tenant.ID,
			"displayName": who.tenant.DisplayName, "defaultDomain": who.tenant.Domain}}}
	case !strings.EqualFold(parts[0], "subscriptions"):
		return 404, restError("NotFound", "The sandbox knows /tenants, /subscriptions and /subscriptions/ID/resourcegroups.")
	}
	list := []members{}
	for _, s := range who.tenant.Subscriptions {
		switch {
		case len(parts) == 1:
			list = append(list, members{"id": "/subscriptions/" + s.ID, "subscriptionId": s.ID, "displayName": s.Name, "state": s.State,
				"tenantId": who.tenant.ID})
		case s.ID == parts[1] && len(parts) == 3 && strings.EqualFold(parts[2], "resourcegroups"):
			for _, g := range s.ResourceGroups {
				list = append(list, members{"id": "/subscriptions/" + s.ID + "/resourceGroups/" + g.Name, "name": g.Name, "location": g.Location})
			}
			return 200, members{"value": list}
		}
	}
	if len(parts) > 1 {
		return 404, restError("SubscriptionNotFound", "The subscription '"+parts[1]+"' could not be found.")
	}
	return 200, members{"value": list}
}
