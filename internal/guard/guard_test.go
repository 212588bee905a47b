package guard

import (
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func parameters(names ...string) (p []mm.ParameterFact) {
	for _, n := range names {
		p = append(p, mm.ParameterFact{Name: n, Argument: mm.ArgumentFact{Text: "x"}})
	}
	return p
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		why     string
		command mm.CommandFact
		blocked bool
	}{
		{"a reader", mm.CommandFact{Name: "Get-Mailbox", Resolved: "Get-Mailbox", Kind: "function", Module: "ExchangeOnlineManagement"}, false},
		{"connects", mm.CommandFact{Name: "Connect-ExchangeOnline", Resolved: "Connect-ExchangeOnline", Kind: "cmdlet", Module: "ExchangeOnlineManagement"}, true},
		{"connects, in another case", mm.CommandFact{Name: "cONNECT-exchangeonline", Kind: "unknown"}, true},
		{"connects by its qualified name", mm.CommandFact{Name: `PnP.PowerShell\Connect-PnPOnline`, Kind: "unknown"}, true},
		{"connects by an alias", mm.CommandFact{Name: "x", Resolved: "Connect-AzAccount", Kind: "alias", Module: "Az.Accounts"}, true},
		{"a module that is not loaded yet", mm.CommandFact{Name: "Connect-SPOService", Kind: "unknown"}, true},
		{"a person's own function", mm.CommandFact{Name: "Connect-Lists", Resolved: "Connect-Lists", Kind: "function"}, false},
		{"disconnects", mm.CommandFact{Name: "Disconnect-MicrosoftTeams", Kind: "cmdlet", Module: "MicrosoftTeams"}, true},
		{"selects another context", mm.CommandFact{Name: "Select-AzContext", Kind: "cmdlet", Module: "Az.Accounts"}, true},
		{"another subscription", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Module: "Az.Accounts", Parameters: parameters("Subscription")}, false},
		{"another subscription by position", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Arguments: []mm.ArgumentFact{{Text: "x"}}}, false},
		{"another tenant", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Parameters: parameters("Subscription", "Tenant")}, true},
		{"another tenant, abbreviated", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Parameters: parameters("Te")}, true},
		{"another tenant by position", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Arguments: []mm.ArgumentFact{{Text: "x"}, {Text: "y"}}}, true},
		{"a whole context", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Parameters: parameters("Context")}, true},
		{"decided at run time", mm.CommandFact{Name: "Set-AzContext", Kind: "cmdlet", Splatted: true}, true},
	} {
		err := Judge(mm.Connection{Name: "Contoso"}, mm.Azure, mm.Facts{Commands: []mm.CommandFact{{Name: "Get-Date", Kind: "cmdlet"}, c.command}})
		if (err != nil) != c.blocked {
			t.Errorf("%s: %v, want blocked %v", c.why, err, c.blocked)
		}
		if err != nil && (err.Code != mm.Blocked || err.Executed != mm.ExecutedNo || !strings.HasPrefix(err.Message, "Command blocked: ") ||
			!strings.HasSuffix(err.Message, "This operation is not allowed through the session pool.")) {
			t.Errorf("%s: %+v", c.why, err)
		}
	}
}

func TestWhatCannotBeAnalysedIsNotRun(t *testing.T) {
	if err := Judge(mm.Connection{}, mm.Exchange, mm.Facts{TooComplex: "over 20,000 nodes"}); err == nil || err.Code != mm.Blocked {
		t.Errorf("%v, want blocked", err)
	}
	if err := Judge(mm.Connection{}, mm.Exchange, mm.Facts{}); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}
