package session

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// tellLimit is how much longer than its code a sign-in of the account may take.
const tellLimit = time.Minute

// shares reports whether the session signs in with the tokens of the connection's one sign-in: those are the connection's own
// app's, so a session with another app cannot.
func (m *machine) shares() bool {
	return m.sharing && m.conn.SignIn != "perModule" && m.conn.AppID != "" && m.conn.App(m.id.Module) == m.conn.AppID
}

// wanted returns the tokens that a session needs, the first for the module's own audience.
func (m *machine) wantedTokens() []mm.TokenRequest {
	switch m.id.Module {
	case mm.Exchange:
		return []mm.TokenRequest{{Audience: mm.AudienceExchange}}
	case mm.Azure:
		return []mm.TokenRequest{{Audience: mm.AudienceAzure}}
	case mm.Teams:
		return []mm.TokenRequest{{Audience: mm.AudienceTeams}, {Audience: mm.AudienceGraph}}
	}
	return []mm.TokenRequest{{Audience: mm.AudienceSharePoint, Host: hostOf(m.siteURL())}}
}

// siteURL is the SharePoint site that the session is connected to, or will be.
func (s State) siteURL() string {
	if s.site != "" {
		return s.site
	}
	return "https://" + s.sharePointHost() + s.conn.Endpoints().SharePoint
}

// sharePointHost is what the tenant said, else what the registry says.
func (s State) sharePointHost() string {
	if s.root != "" {
		return s.root
	}
	return s.conn.SharePointHost
}

// askTokens begins to gather the tokens; the steps that use them follow.
func (m *machine) askTokens() {
	if m.id.Module == mm.SharePoint && m.root == "" && (m.conn.SharePointHost == "" || m.conn.SharePointGuessed) {
		m.phase, m.seeking = connecting, true
		m.newAsk()
		m.do(AskSite{ID: m.ask, Connection: m.conn})
		return
	}
	m.phase, m.wanted, m.tokens = connecting, m.wantedTokens(), nil
	m.nextToken()
}

// nextToken asks for the next token that is wanted.
func (m *machine) nextToken() {
	m.newAsk()
	request := m.wanted[0]
	var rejected mm.Secret
	for _, u := range m.rejected {
		if u.request == request {
			rejected = u.text
		}
	}
	m.do(AskToken{ID: m.ask, Connection: m.conn, Request: request, Rejected: rejected})
}

// newAsk gives the next question its id.
func (m *machine) newAsk() {
	m.ops++
	m.ask = opID(m.ops)
	m.deadline = m.now.Add(codeLimit)
}

func (m *machine) siteFound(host string) {
	m.ask, m.challenge, m.seeking, m.root = "", nil, false, host
	m.askTokens()
}

// dropAsk withdraws the question for a token.
func (m *machine) dropAsk() {
	if m.ask != "" {
		m.do(DropToken{ID: m.ask})
	}
	m.ask, m.seeking, m.wanted, m.tokens = "", false, nil, nil
}

func (m *machine) tokenGiven(t mm.Token) {
	if len(m.wanted) == 0 {
		return
	}
	request := m.wanted[0]
	m.ask, m.challenge = "", nil
	m.wanted, m.tokens = m.wanted[1:], append(slices.Clone(m.tokens), t)
	m.used = append(slices.DeleteFunc(slices.Clone(m.used), func(u usedToken) bool { return u.request == request }),
		usedToken{request, t.Text})
	if len(m.wanted) > 0 {
		m.nextToken()
		return
	}
	first := m.tokens[0]
	m.tokensEnd, m.tenant = first.ExpiresAt, first.Account.TenantID
	for _, t := range m.tokens {
		if t.ExpiresAt.Before(m.tokensEnd) {
			m.tokensEnd = t.ExpiresAt
		}
	}
	m.rejected, m.renewed = nil, true
	if m.phase == visiting {
		m.visit()
		return
	}
	m.notes, m.tail = nil, ""
	m.seen = identity{account: first.Account.Username, tenant: first.Account.TenantID}
	m.plan = m.tokenSteps()
	m.step()
}

// tokenShown shows the account's code to those who wait. The sign-in goes on here when it is done there.
func (m *machine) tokenShown(c mm.Challenge) {
	if m.phase == visiting {
		j := m.current
		m.dropAsk()
		m.finishCurrent(mm.Outcome{Challenge: &c})
		if j != nil {
			m.rested()
		}
		return
	}
	m.challenge, m.renewing = &c, false
	m.deadline = c.ExpiresAt.Add(tellLimit)
	waiting := m.queue
	m.queue = nil
	for _, j := range waiting {
		m.reply(j, m.challenged())
	}
}

func (m *machine) tokenRefused(err *mm.Error, why mm.InteractionReason) {
	expired := m.challenge != nil && err.Code == mm.Timeout
	if m.seeking && err.Code == mm.GraphFailed && m.conn.SharePointHost != "" { // what the registry says may do
		m.siteFound(m.conn.SharePointHost)
		return
	}
	m.seeking = false
	m.ask, m.wanted, m.tokens, m.challenge = "", nil, nil, nil
	switch {
	case m.phase == visiting:
		m.finishCurrent(mm.Outcome{Err: err})
		m.rested()
	case expired:
		m.stayOpen()
	case why == mm.NeedsConsent:
		m.fallBack(err.Error())
	default:
		m.signInFailed(err)
		m.stayOpen()
	}
}

// fallBack signs in by the module's own device code, because the account's tokens do not do. Why is said with the first answer
// only.
func (m *machine) fallBack(why string) {
	m.renewing, m.tokensEnd = false, time.Time{}
	if !m.fellBack {
		m.fellBack = true
		m.why = fmt.Sprintf("%s has a sign-in of its own, because the connection's does not do for it: %s", m.id, why)
	}
	m.connectByModule()
}

// tokenSteps connects with the tokens that were gathered.
func (m *machine) tokenSteps() []step {
	e, account := m.conn.Endpoints(), m.tokens[0].Account
	connect := func(module, command string, parameters map[string]any, selected ...string) step {
		return step{limit: codeLimit, byToken: true, call: mm.Call{Module: module, Command: command, Parameters: parameters, Select: selected,
			Secrets: map[string]mm.Secret{"AccessToken": m.tokens[0].Text}}}
	}
	switch m.id.Module {
	case mm.Exchange:
		return []step{
			connect(exchangeModule, "Connect-ExchangeOnline", with(map[string]any{"UserPrincipalName": account.Username, "ShowBanner": false,
				"SkipLoadingCmdletHelp": true}, "ExchangeEnvironmentName", e.ExchangeEnvironment)),
			{call: health(m.id.Module), limit: stepLimit, byToken: true, tells: true, reads: healthReads(m.id.Module)},
		}
	case mm.Azure:
		s := connect(azureModule, "Connect-AzAccount", with(map[string]any{"AccountId": account.Username, "Tenant": m.conn.TenantOrID(),
			"SkipContextPopulation": true, "SkipValidation": true, "Scope": "Process"}, "Environment", e.AzureEnvironment), "Context.Account.Id")
		return append(azurePreparation(), s, azureContext())
	case mm.Teams:
		s := connect(teamsModule, "Connect-MicrosoftTeams", with(map[string]any{}, "TeamsEnvironmentName", e.TeamsEnvironment),
			"Account", "Account.Id", "TenantId", "Tenant.Id")
		s.call.Secrets = nil
		s.call.SecretLists = map[string][]mm.Secret{"AccessTokens": {m.tokens[1].Text, m.tokens[0].Text}}
		s.tells, s.reads = true, teamsReads
		return []step{s}
	}
	return []step{
		{call: signOut(m.id.Module), limit: stepLimit, optional: true},
		connect(sharePointModule, "Connect-PnPOnline", with(map[string]any{"Url": m.siteURL()}, "AzureEnvironment", e.PnPEnvironment), "Url"),
		// The token was not looked at until here.
		{call: health(m.id.Module), limit: checkLimit, byToken: true, reads: healthReads(m.id.Module)},
	}
}

// with adds a parameter that has a value.
func with(parameters map[string]any, name, value string) map[string]any {
	if value != "" {
		parameters[name] = value
	}
	return parameters
}

// renew connects anew, with new tokens, where those of the session end soon. It reports whether it does. Tokens that live only
// shortly are renewed before each command, not over and over before one.
func (m *machine) renew() bool {
	if m.renewed || m.tokensEnd.IsZero() || m.tokensEnd.Sub(m.now) >= mm.TokenMargin || !m.shares() {
		return false
	}
	m.renewing, m.was = true, m.seen.account
	m.askTokens()
	return true
}

// site returns the address that a script connects to where it is nothing but a Connect-PnPOnline -Url without credentials.
func site(f mm.Facts) (string, bool) {
	if len(f.Commands) != 1 || len(f.Dynamic)+len(f.ParseErrors)+len(f.Types)+len(f.Members)+len(f.Assigns)+len(f.Redirects) > 0 {
		return "", false
	}
	c := f.Commands[0]
	name := c.Resolved
	if name == "" {
		name = c.Name
	}
	if !strings.EqualFold(name[strings.LastIndexAny(name, `\/`)+1:], "Connect-PnPOnline") || c.Splatted {
		return "", false
	}
	args := c.Arguments
	for _, p := range c.Parameters {
		if !strings.EqualFold(p.Name, "Url") {
			return "", false
		}
		args = append(slices.Clone(args), p.Argument)
	}
	if len(args) != 1 || args[0].Dynamic {
		return "", false
	}
	return args[0].Text, true
}

// ownSite reports whether an address is one of the tenant's own SharePoint, its admin or its people's sites.
func (m *machine) ownSite(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	for _, kind := range []string{"", "-admin", "-my"} {
		if strings.EqualFold(u.Host, m.sharePointHost()+kind+m.conn.Endpoints().SharePoint) {
			return true
		}
	}
	return false
}

// expected is the connection with the tenant id that its tokens are for, where the registry has none.
func (m *machine) expected() mm.Connection {
	c := m.conn
	if c.ExpectedTenantID() == "" && !m.tokensEnd.IsZero() {
		c.TenantID = m.tenant
	}
	return c
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// visits begins to connect a pnp session to another site of its tenant, where that is all that the current command does.
func (m *machine) visits(f mm.Facts) bool {
	address, ok := site(f)
	if !ok || m.id.Module != mm.SharePoint || !m.shares() || m.tokensEnd.IsZero() || !m.ownSite(address) {
		return false
	}
	m.phase, m.target = visiting, strings.TrimRight(address, "/")
	m.wanted, m.tokens = []mm.TokenRequest{{Audience: mm.AudienceSharePoint, Host: hostOf(address)}}, nil
	m.op = ""
	m.nextToken()
	m.deadline = m.now.Add(timeout(m.current.command))
	return true
}

// visit connects to the other site with the token for its host. It is the current command.
func (m *machine) visit() {
	if m.current == nil {
		m.rested()
		return
	}
	j := *m.current
	j.started = m.now
	m.current, m.phase, m.site = &j, running, m.target
	call := mm.Call{Module: sharePointModule, Command: "Connect-PnPOnline", Select: []string{"Url"},
		Parameters: with(map[string]any{"Url": m.target}, "AzureEnvironment", m.conn.Endpoints().PnPEnvironment),
		Secrets:    map[string]mm.Secret{"AccessToken": m.tokens[0].Text}}
	m.tokens = nil
	call.ID = m.begin(timeout(j.command))
	m.do(Call{Call: call})
}
