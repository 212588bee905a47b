package engine

import (
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

var (
	mailboxView    = &view{columns: []string{"Name", "Alias", "Database", "ProhibitSendQuota", "ExternalDirectoryObjectId"}}
	exoMailboxView = &view{columns: []string{"ExternalDirectoryObjectId", "UserPrincipalName", "Alias", "DisplayName", "EmailAddresses",
		"PrimarySmtpAddress", "RecipientType", "RecipientTypeDetails", "Identity"}, list: true}
	recipientView = &view{columns: []string{"Name", "RecipientType", "PrimarySmtpAddress"}}
	groupView     = &view{columns: []string{"Name", "DisplayName", "GroupType", "PrimarySmtpAddress"}}
	ruleView      = &view{columns: []string{"Name", "Enabled", "Priority", "RuleIdentity"}}
	traceView     = &view{columns: []string{"Received", "SenderAddress", "RecipientAddress", "Subject", "Status"}}
)

// mailbox makes the object that Get-Mailbox gives.
func mailbox(m sandbox.Mailbox) *object {
	return &object{view: mailboxView, properties: []property{
		{"Name", m.Alias}, {"DisplayName", m.DisplayName}, {"Alias", m.Alias}, {"Identity", m.PrimarySmtpAddress},
		{"UserPrincipalName", m.UserPrincipalName}, {"PrimarySmtpAddress", m.PrimarySmtpAddress},
		{"RecipientType", "UserMailbox"}, {"RecipientTypeDetails", m.RecipientTypeDetails},
		{"EmailAddresses", []any{"SMTP:" + m.PrimarySmtpAddress}},
		{"ExternalDirectoryObjectId", m.ExternalDirectoryObjectID}, {"Department", m.Department}, {"Database", m.Database},
		{"ProhibitSendQuota", m.ProhibitSendQuota}, {"HiddenFromAddressListsEnabled", m.HiddenFromAddressListsEnabled},
		{"ForwardingSmtpAddress", m.ForwardingSMTPAddress}, {"WhenCreatedUTC", m.WhenCreatedUTC},
	}}
}

func group(g sandbox.Group) *object {
	var managers, members []any
	for _, m := range g.ManagedBy {
		managers = append(managers, m)
	}
	for _, m := range g.Members {
		members = append(members, m)
	}
	return &object{view: groupView, properties: []property{
		{"Name", g.DisplayName}, {"DisplayName", g.DisplayName}, {"Alias", g.Alias}, {"Identity", g.PrimarySmtpAddress},
		{"GroupType", g.GroupType}, {"PrimarySmtpAddress", g.PrimarySmtpAddress}, {"ManagedBy", managers}, {"Members", members},
	}}
}

// rulesOf is the collection of a mailbox's rules.
func rulesOf(mailbox *object) string { return "rules of " + mailbox.text("Alias") }

func exchangeCommands() []cmdlet {
	exo := func(name, takes string, do func(*run, *account, args) error) cmdlet {
		return cmdlet{name: name, module: "ExchangeOnlineManagement", kind: "function", takes: takes, of: mm.Exchange,
			signedIn: mm.Exchange, do: func(r *run, a args) error { return do(r, r.account(mm.Exchange), a) }}
	}
	anyone := func(c cmdlet) cmdlet {
		c.signedIn = ""
		return c
	}
	return []cmdlet{
		anyone(exo("Connect-ExchangeOnline", "AccessToken UserPrincipalName Organization ExchangeEnvironmentName -Device -DisableWAM "+
			"-SkipLoadingCmdletHelp -SkipLoadingFormatData -ShowBanner", connectExchange)),
		anyone(exo("Get-ConnectionInformation", "", connectionInformation)),
		anyone(exo("Disconnect-ExchangeOnline", "", func(r *run, _ *account, _ args) error {
			r.setAccount(mm.Exchange, nil)
			return nil
		})),
		exo("Get-Mailbox", "[Identity] RecipientTypeDetails ResultSize", getMailbox(mailboxView)),
		exo("Get-EXOMailbox", "[Identity] RecipientTypeDetails ResultSize", getMailbox(exoMailboxView)),
		exo("Get-Recipient", "[Identity] RecipientTypeDetails ResultSize", getMailbox(recipientView)),
		exo("Set-Mailbox", "[Identity]! DisplayName HiddenFromAddressListsEnabled ForwardingSmtpAddress ProhibitSendQuota", setMailbox),
		exo("Get-DistributionGroup", "[Identity] ResultSize", func(r *run, who *account, a args) error {
			return r.identified(who, groups, a, "Alias", "DisplayName", "PrimarySmtpAddress")
		}),
		exo("Get-DistributionGroupMember", "[Identity]!", groupMembers),
		exo("Get-InboxRule", "[Identity] Mailbox", getRules),
		exo("New-InboxRule", "[Name]! Mailbox SubjectContainsWords From MoveToFolder ForwardTo DeleteMessage", newRule),
		exo("Get-MessageTraceV2", "SenderAddress RecipientAddress Status ResultSize", messageTrace),
		exo("Get-AcceptedDomain", "", func(r *run, who *account, _ args) error {
			for _, d := range []string{who.tenant.Domain, who.tenant.InitialDomain} {
				r.emit(&object{properties: []property{{"Name", d}, {"DomainName", d}, {"DomainType", "Authoritative"},
					{"Default", d == who.tenant.Domain}}})
			}
			return nil
		}),
	}
}

// connectExchange names no tenant: a guest ends in the home tenant. Its prompt is on no stream of PowerShell.
func connectExchange(r *run, _ *account, a args) error {
	if a.given("AccessToken") {
		return refusedOr(r.connectExchangeByToken(a))
	}
	if !a.isSet("Device") {
		return terminating("A window handle must be configured. The sandbox has no windows: use -Device.", "ConnectFailed", "")
	}
	_, err := r.signIn(mm.Exchange, "organizations", sandbox.ExchangeClient, sandbox.ExchangeResource, func(c sandbox.DeviceCode) {
		r.out.record(mm.StreamConsole, c.Message)
	})
	if err != nil {
		return refusedSignIn(err, "ConnectFailed")
	}
	return nil
}

func (r *run) connectExchangeByToken(a args) error {
	claims, err := checkToken(a.text("AccessToken"), sandbox.ExchangeResource)
	upn := a.text("UserPrincipalName")
	switch {
	case upn == "" && !a.given("Organization"):
		err = words("With AccessToken, give UserPrincipalName or Organization too.")
	case err != nil:
		err = words("UnAuthorized: " + err.Error())
	case upn != "" && !strings.EqualFold(upn, claims.UPN):
		err = words(fmt.Sprintf("UnAuthorized: The access token is of %s and not of %s.", claims.UPN, upn))
	case !isTenant(a.text("Organization"), claims.TenantID):
		err = words(fmt.Sprintf("UnAuthorized: The access token is not of the organization %s.", a.text("Organization")))
	default:
		_, err = r.accept(mm.Exchange, a.text("AccessToken"))
	}
	return err
}

func connectionInformation(r *run, who *account, _ args) error {
	if who == nil {
		return nil
	}
	state, token := "Connected", "Active"
	if who.expired() {
		state, token = "Broken", "Expired"
	}
	r.emit(&object{properties: []property{
		{"State", state}, {"Id", int64(1)}, {"Name", "ExchangeOnline_1"}, {"UserPrincipalName", who.upn},
		{"ConnectionUri", sandbox.ExchangeResource}, {"TokenExpiryTimeUTC", who.expires.UTC()},
		{"Organization", who.tenant.InitialDomain}, {"TenantID", who.tenant.ID}, {"TokenStatus", token},
	}})
	return nil
}

// notFound is Exchange's error for an identity that is not there.
func notFound(identity string) error {
	return fail("Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed because object '"+identity+"' couldn't be found on 'SANDBOX.PROD.OUTLOOK.COM'.",
		"[Server=SANDBOX],Write-ErrorMessage", "NotSpecified", identity)
}

// identified emits the row that Identity names, or all rows up to ResultSize.
func (r *run) identified(who *account, collection string, a args, properties ...string) error {
	if !a.given("Identity") {
		return r.emitAll(r.limited(who.rows(collection), a))
	}
	o := who.find(collection, a.text("Identity"), properties...)
	if o == nil {
		return notFound(a.text("Identity"))
	}
	r.emit(o)
	return nil
}

// limited returns as many rows as ResultSize allows, and warns where there are more.
func (r *run) limited(rows []*object, a args) []*object {
	n, isNumber := a.values["ResultSize"].(int64)
	if !isNumber || n < 0 || int64(len(rows)) <= n {
		return rows
	}
	r.out.record(mm.StreamWarning,
		"There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.")
	return rows[:n]
}

func findMailbox(who *account, identity string) *object {
	return who.find(mailboxes, identity, "Alias", "DisplayName", "PrimarySmtpAddress", "ExternalDirectoryObjectId")
}

func getMailbox(v *view) func(*run, *account, args) error {
	return func(r *run, who *account, a args) error {
		rows := who.rows(mailboxes)
		if a.given("Identity") {
			o := findMailbox(who, a.text("Identity"))
			if o == nil {
				return notFound(a.text("Identity"))
			}
			rows = []*object{o}
		}
		if kinds := a.texts("RecipientTypeDetails"); kinds != nil {
			rows = keep(rows, "RecipientTypeDetails", kinds)
		}
		for _, o := range r.limited(rows, a) {
			if v != o.view {
				o = &object{v, o.properties}
			}
			r.emit(o)
		}
		return nil
	}
}

// keep returns the rows whose property has one of the values.
func keep(rows []*object, name string, values []string) []*object {
	var out []*object
	for _, o := range rows {
		for _, v := range values {
			if strings.EqualFold(o.text(name), v) {
				out = append(out, o)
				break
			}
		}
	}
	return out
}

func setMailbox(r *run, who *account, a args) error {
	old := findMailbox(who, a.text("Identity"))
	if old == nil {
		return notFound(a.text("Identity"))
	}
	var changes []property
	for _, name := range []string{"DisplayName", "HiddenFromAddressListsEnabled", "ForwardingSmtpAddress", "ProhibitSendQuota"} {
		if a.given(name) && textOf(old.get(name)) != a.text(name) {
			changes = append(changes, property{name, a.values[name]})
		}
	}
	if len(changes) == 0 {
		r.out.record(mm.StreamWarning,
			"The command completed successfully but no settings of '"+a.text("Identity")+"' have been modified.")
		return nil
	}
	return who.put(mailboxes, old, old.with(changes...))
}

func groupMembers(r *run, who *account, a args) error {
	g := who.find(groups, a.text("Identity"), "Alias", "DisplayName", "PrimarySmtpAddress")
	if g == nil {
		return notFound(a.text("Identity"))
	}
	members, _ := g.get("Members").([]any)
	for _, m := range members {
		if o := findMailbox(who, textOf(m)); o != nil {
			r.emit(&object{recipientView, o.properties})
		} else {
			r.emit(&object{recipientView, []property{{"Name", textOf(m)}, {"RecipientType", "MailContact"}, {"PrimarySmtpAddress", textOf(m)}}})
		}
	}
	return nil
}
