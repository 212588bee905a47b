package session

import (
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// shares is tell for a session whose connection has an account.
func shares(t *testing.T, m mm.Module) *story {
	s := tell(t, m)
	s.s = s.s.Sharing()
	return s
}

// token gives the session the token that it waits for.
func (s *story) token(lives time.Duration) *story {
	return s.happens("token", TokenGiven{ID: s.s.ask, Token: mm.Token{Text: mm.NewSecret("t"), ExpiresAt: s.now.Add(lives),
		Account: mm.Account{Username: "admin@contoso.com", TenantID: tenantID}}})
}

func (s *story) noToken(code mm.Code, why mm.InteractionReason) *story {
	return s.happens("no token", TokenRefused{ID: s.s.ask, Err: mm.Errorf(code, "", "no token"), Why: why})
}

func (s *story) accountsCode() *story {
	return s.happens("the account's code", TokenShown{ID: s.s.ask, Challenge: mm.Challenge{UserCode: "EFGH5678", ExpiresAt: s.now.Add(mm.ChallengeLifetime)}})
}

// connected brings an Exchange session with a token of that life to idle and forgets how.
func (s *story) connected(lives time.Duration) *story {
	s.asks("first", "1").comesUp().token(lives).says("connected", mm.Result{}).says("health", mm.Result{Objects: rightAccount})
	s.analyzed().says("result", mm.Result{Output: "1"}).is(mm.StateAuthenticated)
	s.got = nil
	return s
}

func TestASessionSignsInWithTheTokensOfItsConnection(t *testing.T) {
	shares(t, mm.Exchange).
		asks("a", "Get-Mailbox").comesUp().accountsCode().is(mm.StateAuthPending).
		asks("b", "Get-Mailbox").
		token(time.Hour).is(mm.StateInitializing).
		asks("c", "Get-Mailbox").
		says("connected", mm.Result{}).says("health", mm.Result{Objects: rightAccount}).is(mm.StateAuthenticated).
		analyzed().says("result", mm.Result{Output: "admin"}).
		was("a asks → launch", "hello → asktoken", "the account's code → a: code EFGH5678", "b asks → b: code EFGH5678",
			"token → Connect-ExchangeOnline", "c asks →", "connected → Get-ConnectionInformation", "health → analyze",
			"facts → invoke Get-Mailbox", `result → c: "admin"`)
}

func TestWithoutATenantIDTheTokensSayWhichItIs(t *testing.T) {
	s := shares(t, mm.Exchange)
	s.conn.TenantID = ""
	s.asks("a", "1").comesUp().token(time.Hour).says("connected", mm.Result{}).says("health", mm.Result{Objects: rightAccount})
	if s.is(mm.StateAuthenticated); len(s.s.notes) > 0 {
		t.Errorf("notes %q", s.s.notes)
	}
	s = shares(t, mm.Exchange)
	s.conn.TenantID = ""
	s.asks("a", "1").comesUp().token(time.Hour).says("connected", mm.Result{}).says("health", mm.Result{Objects: wrongTenant})
	if got := s.got[len(s.got)-1]; got != "health → a: wrong_account executed no, Disconnect-ExchangeOnline" {
		t.Errorf("another tenant: %s", got)
	}
}

func TestTeamsNeedsTwoTokens(t *testing.T) {
	s := shares(t, mm.Teams).asks("a", "Get-Team").comesUp().token(time.Hour).token(time.Minute)
	s.was("a asks → launch", "hello → asktoken", "token → asktoken", "token → Connect-MicrosoftTeams")
	if got := s.s.tokensEnd; !got.Equal(s.now.Add(time.Minute)) {
		t.Errorf("they end at %s", got)
	}
}

func TestASessionWhoseProcessDiedIsBackWithoutASignIn(t *testing.T) {
	shares(t, mm.Exchange).connected(time.Hour).exits().after(backoffFirst).asks("a", "1").comesUp().token(time.Hour).
		says("connected", mm.Result{}).says("health", mm.Result{Objects: rightAccount}).
		was("exit →", "after 1s →", "a asks → launch", "hello → asktoken", "token → Connect-ExchangeOnline",
			"connected → Get-ConnectionInformation", "health → analyze")
}

func TestTokensAreRenewedBetweenCommandsBeforeTheyEnd(t *testing.T) {
	s := shares(t, mm.Exchange).connected(time.Hour)
	s.now = s.now.Add(time.Hour - mm.TokenMargin + time.Second)
	s.asks("a", "Get-Mailbox").is(mm.StateAuthenticated).token(time.Minute).says("connected", mm.Result{}).
		says("health", mm.Result{Objects: rightAccount}). // once, though the new one lives only shortly
		was("a asks → asktoken", "token → Connect-ExchangeOnline", "connected → Get-ConnectionInformation", "health → analyze")
}

func TestWithoutConsentTheModuleSignsInByItselfAndSaysWhyOnce(t *testing.T) {
	s := shares(t, mm.Exchange).asks("a", "1").comesUp().noToken(mm.SignInFailed, mm.NeedsConsent).
		prompts(mm.StreamConsole, "enter the code ABCD12345 now")
	s.was("a asks → launch", "hello → asktoken", "no token → Connect-ExchangeOnline", "prompt → a: code ABCD12345")
	_, effects := Next(shares(t, mm.Exchange).asks("a", "1").comesUp().noToken(mm.SignInFailed, mm.NeedsConsent).s, s.now,
		FromEngine{Incarnation: 1, Event: mm.Streamed{ID: "2", Records: []mm.Record{{Stream: mm.StreamConsole, Text: "enter the code ABCD12345 now"}}}})
	if r, ok := effects[0].(Reply); !ok || len(r.Outcome.Notes) != 1 {
		t.Errorf("%+v", effects)
	}
}

func TestATokenThatTheModuleRefusesIsFollowedByItsOwnSignIn(t *testing.T) {
	refused := mm.Result{Errors: []mm.ErrorRecord{{Message: "A parameter cannot be found that matches parameter name 'AccessToken'."}}}
	shares(t, mm.Exchange).asks("a", "1").comesUp().token(time.Hour).says("refused", refused).
		was("a asks → launch", "hello → asktoken", "token → Connect-ExchangeOnline", "refused → Connect-ExchangeOnline")
}

func TestASignInThatEndsLeadsToANewToken(t *testing.T) {
	s := shares(t, mm.Exchange).connected(time.Hour).asks("a", "Get-Mailbox").analyzed().
		says("suspicion", mm.Result{Errors: []mm.ErrorRecord{{Message: "401 unauthorized"}}}).
		says("health", mm.Result{Objects: []byte(`[{"State":"Broken"}]`)}).asks("b", "Get-Mailbox")
	s.was("a asks → analyze", "facts → invoke Get-Mailbox", "suspicion → Get-ConnectionInformation", `health → a: ""`, "b asks → asktoken")
	_, effects := Next(s.s, s.now, Drain{Why: mm.Errorf(mm.ShuttingDown, "", "")})
	if _, ok := effects[0].(Reply); !ok {
		t.Errorf("%+v", effects)
	}
	if len(s.s.rejected) != 1 {
		t.Errorf("rejected %v", s.s.rejected)
	}
}

func TestThePnPSessionOfAVanityDomainAsksForItsHost(t *testing.T) {
	begin := func(host string) *story {
		s := shares(t, mm.SharePoint)
		s.conn.SharePointHost, s.conn.SharePointGuessed = host, true
		return s.asks("a", "1").comesUp()
	}
	s := begin("vanity").happens("found", SiteFound{ID: "1", Host: "contosoteam"}).token(time.Hour).says("disconnected", mm.Result{})
	s.was("a asks → launch", "hello → asksite", "found → asktoken", "token → Disconnect-PnPOnline", "disconnected → Connect-PnPOnline")
	if s.s.siteURL() != "https://contosoteam.sharepoint.com" {
		t.Errorf("connects to %s", s.s.siteURL())
	}
	begin("vanity").noToken(mm.GraphFailed, "").was("a asks → launch", "hello → asksite", "no token → asktoken")
	begin("").noToken(mm.GraphFailed, "").was("a asks → launch", "hello → asksite", "no token → a: graph_failed executed no")
	begin("vanity").accountsCode().noToken(mm.Timeout, "").was("a asks → launch", "hello → asksite",
		"the account's code → a: code EFGH5678", "no token →")
}

func TestAPnPSessionVisitsAnotherSiteOfItsTenant(t *testing.T) {
	blocked := func(mm.Connection, mm.Module, mm.Facts) *mm.Error { return mm.Errorf(mm.Blocked, "", "blocked") }
	connect := func(url string, dynamic bool) mm.Facts {
		return mm.Facts{Commands: []mm.CommandFact{{Name: "Connect-PnPOnline", Kind: "cmdlet", Parameters: []mm.ParameterFact{
			{Name: "Url", Argument: mm.ArgumentFact{Text: url, Dynamic: dynamic}}}}}}
	}
	begin := func() *story {
		s := shares(t, mm.SharePoint).asks("a", "Connect-PnPOnline").comesUp().token(time.Hour).
			says("disconnected", mm.Result{}).says("connected", mm.Result{}).says("health", mm.Result{Objects: rightAccount}).is(mm.StateAuthenticated)
		s.s.judge, s.got = blocked, nil
		return s
	}
	facts := func(s *story, f mm.Facts) *story {
		return s.happens("facts", FromEngine{Incarnation: s.inc, Event: mm.Analyzed{ID: s.op, Facts: f}})
	}
	s := facts(begin(), connect("https://contoso-admin.sharepoint.com/", false)).token(time.Hour).says("connected", mm.Result{})
	s.was("facts → asktoken", "token → Connect-PnPOnline", `connected → a: ""`)
	if s.s.siteURL() != "https://contoso-admin.sharepoint.com" {
		t.Errorf("the next connect goes to %s", s.s.siteURL())
	}
	facts(begin(), connect("https://contoso-admin.sharepoint.com", false)).asks("b", "1").accountsCode().
		was("facts → asktoken", "b asks →", "the account's code → droptoken, a: code EFGH5678, analyze")
	for why, f := range map[string]mm.Facts{
		"another tenant":       connect("https://fabrikam.sharepoint.com", false),
		"a lookalike":          connect("https://contoso.sharepoint.com.evil.example", false),
		"no TLS":               connect("http://contoso.sharepoint.com", false),
		"decided at run time":  connect("https://contoso.sharepoint.com", true),
		"beside other command": {Commands: append(connect("https://contoso.sharepoint.com", false).Commands, mm.CommandFact{Name: "Get-Date"})},
	} {
		if got := facts(begin(), f).got; got[0] != "facts → a: blocked executed no" {
			t.Errorf("%s: %s", why, got)
		}
	}
}
