package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// in runs a test with virtual time: polls and waits take none.
func in(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestEachModuleSignsInByItsOwnWay(t *testing.T) {
	for _, c := range []struct {
		module  mm.Module
		channel []mm.Stream // where the code appears
		health  mm.Call
		tells   string // in the objects of connect and health together
	}{
		{mm.Exchange, []mm.Stream{mm.StreamConsole}, mm.Call{Command: "Get-ConnectionInformation",
			Select: []string{"State", "TokenStatus", "UserPrincipalName", "TenantID"}},
			`[][{"State":"Connected","TokenStatus":"Active","UserPrincipalName":"admin@contoso.com","TenantID":"TENANT"}]`},
		{mm.Azure, []mm.Stream{mm.StreamInformation}, mm.Call{Command: "Invoke-AzRestMethod", Select: []string{"StatusCode"},
			Parameters: map[string]any{"Method": "GET", "Path": "/tenants?api-version=2022-12-01"}},
			`[{"Context.Account.Id":"admin@contoso.com"}][{"StatusCode":200}]`},
		{mm.Teams, []mm.Stream{mm.StreamInformation, mm.StreamConsole}, mm.Call{Command: "Get-CsTenant", Select: []string{"TenantId"}},
			`[{"Account":"admin@contoso.com","TenantId":"TENANT"}][{"TenantId":"TENANT"}]`},
		{mm.SharePoint, []mm.Stream{mm.StreamWarning}, mm.Call{Command: "Get-PnPWeb", Select: []string{"CurrentUser.Email"},
			Parameters: map[string]any{"Includes": []string{"CurrentUser"}}},
			`[][{"CurrentUser.Email":"admin@contoso.com"}]`},
	} {
		t.Run(string(c.module), func(t *testing.T) {
			in(t, func(t *testing.T) {
				s := newSession(t, "Contoso-GA", c.module)
				connected := s.connect(c.module, "admin@contoso.com")
				if len(connected.Errors) > 0 {
					t.Fatalf("errors %+v", connected.Errors)
				}
				var channels []mm.Stream
				for _, r := range s.seen {
					channels = append(channels, r.Stream)
				}
				if !slices.Equal(channels, c.channel) {
					t.Errorf("prompts on %v, want %v", channels, c.channel)
				}
				c.health.ID, c.health.Module = "health", sandbox.ModuleName(c.module)
				s.engine.Call(c.health)
				healthy := s.wait("")
				got := strings.ReplaceAll(string(connected.Objects)+string(healthy.Objects), s.conn.TenantID, "TENANT")
				if got != c.tells {
					t.Errorf("got  %s\nwant %s", got, c.tells)
				}
			})
		})
	}
}

func TestCommandsOfAModuleThatIsNotSignedInFailInItsWords(t *testing.T) {
	for script, want := range map[string]string{
		"Get-Mailbox":          "The term 'Get-Mailbox' is not recognized",
		"Get-EXOMailbox":       "You must call the Connect-ExchangeOnline cmdlet",
		"Get-AzSubscription":   "Run Connect-AzAccount to login.",
		"Get-CsTenant":         "You must call the Connect-MicrosoftTeams cmdlet",
		"Get-PnPConnection":    "The current connection holds no SharePoint context.",
		"Disconnect-PnPOnline": "No connection to disconnect",
	} {
		in(t, func(t *testing.T) { newSession(t, "Contoso-GA", mm.Exchange).fails(script, want) })
	}
}

func TestReadsAndWritesOfExchange(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Contoso-GA", mm.Exchange)
		s.connect(mm.Exchange, "admin@contoso.com")
		s.prints("Get-Mailbox", "Name", "Adele", "ProhibitSendQuota")
		s.prints("Get-Mailbox adele@contoso.com | Format-List DisplayName,Alias", "DisplayName : Adele Vance\nAlias       : Adele\n")
		s.prints("Get-EXOMailbox -Identity adele | Select-Object Alias, RecipientTypeDetails", "Alias RecipientTypeDetails", "Adele UserMailbox")
		s.prints("Get-Recipient -RecipientTypeDetails SharedMailbox", "Info", "Support")
		s.prints("Get-Mailbox | Select-Object -First 3 | Select-Object -Last 1 | Format-List Alias", "Alias : Alex\n")
		s.prints("Get-Mailbox adele | Select-Object -ExpandProperty PrimarySmtpAddress", "adele@contoso.com\n")
		s.prints("Get-Mailbox nobody -ErrorAction SilentlyContinue", "")
		if r := s.run("Get-Mailbox nobody -ErrorAction Stop; 'after'"); r.Terminated != mm.Threw {
			t.Errorf("ErrorAction Stop: ended %q", r.Terminated)
		}
		s.fails("Get-Mailbox -NoSuch 1", "A parameter cannot be found that matches parameter name 'NoSuch'.")
		s.fails("Get-Mailbox a b", "A positional parameter cannot be found that accepts argument 'b'.")
		s.fails("Get-DistributionGroupMember", "missing mandatory parameters: Identity")
		s.fails("Get-Mailbox nobody", "couldn't be found")
		s.prints("Set-Mailbox adele -DisplayName 'Adele the Second'; Get-Mailbox adele | Select-Object DisplayName", "Adele the Second")
		s.prints("New-InboxRule 'Invoices' -Mailbox adele -SubjectContainsWords 'invoice','bill' -MoveToFolder 'Invoices'", "Invoices")
		s.prints("Get-InboxRule -Mailbox adele", "Newsletters", "Invoices")
		s.prints("Get-DistributionGroup", "Leadership")
		s.prints("Get-DistributionGroupMember leadership", "admin@contoso.com", "UserMailbox")
		s.prints("Get-MessageTraceV2 -Status Failed", "nobody@example.com")
		if r := s.run("Get-Mailbox -ResultSize 2"); len(r.Streams.Warning) != 1 || strings.Count(r.Output, "EURPR05") != 2 {
			t.Errorf("two rows: %q, %q", r.Output, r.Streams.Warning)
		}
		if r := s.run("Set-Mailbox adele -DisplayName 'Adele the Second'"); len(r.Streams.Warning) != 1 {
			t.Errorf("nothing changed: %+v", r.Streams)
		}
	})
}

func TestWhatASessionChangesIsItsOwn(t *testing.T) {
	in(t, func(t *testing.T) {
		a, b := newSession(t, "Contoso-GA", mm.Exchange), newSession(t, "Contoso-GA", mm.Exchange)
		a.connect(mm.Exchange, "admin@contoso.com")
		b.connect(mm.Exchange, "admin@contoso.com")
		a.run("Set-Mailbox adele -DisplayName Changed")
		b.prints("Get-Mailbox adele | Select-Object DisplayName", "Adele Vance")
		a.prints("Get-Mailbox adele | Select-Object DisplayName", "Changed")
	})
}

func TestReadsAndWritesOfTheOtherModules(t *testing.T) {
	for m, steps := range map[mm.Module][][]string{
		mm.SharePoint: {
			{"Get-PnPTenantId", "-"},
			{"Get-PnPTenantSite", "https://contoso.sharepoint.com/sites/finance"},
			{"Get-PnPList", "Documents", "Lists/Tasks"},
			{"Get-PnPListItem -List Tasks", "Book the room"},
			{"Add-PnPListItem -List Tasks -Values @{Title='New'; Status='Open'}", "New"},
			{"Get-PnPListItem Tasks -Id 4", "New"},
			{"Get-PnPConnection", "DeviceLogin"},
		},
		mm.Azure: {
			{"Get-AzContext | Format-List Name", "Contoso Production"},
			{"Get-AzSubscription", "Contoso Production", "Contoso Development", "Enabled"},
			{"Set-AzContext -Subscription 'Contoso Development' | Format-List Name", "Contoso Development"},
			{"Get-AzTenant", "Contoso"},
			{"Invoke-AzRestMethod -Path /subscriptions?api-version=2022-12-01", "200", "displayName"},
			{"Invoke-AzRestMethod -Path /subscriptions", "400", "MissingApiVersionParameter"},
		},
		mm.Teams: {
			{"Get-Team -DisplayName 'Project Falcon'", "ProjectFalcon"},
			{"Get-CsOnlineUser -Identity adele@contoso.com", "Adele Vance"},
			{"New-Team -DisplayName 'Book Club' -Description 'We read' -MailNickName books", "books"},
			{"Get-Team -MailNickName books", "Book Club"},
			{"$team = Get-Team -MailNickName books; Add-TeamUser -GroupId $team.GroupId -User adele@contoso.com; " +
				"Get-TeamUser -GroupId $team.GroupId", "admin@contoso.com", "adele@contoso.com"},
			{"Get-TeamChannel -GroupId $team.GroupId", "General"},
		},
	} {
		t.Run(string(m), func(t *testing.T) {
			in(t, func(t *testing.T) {
				s := newSession(t, "Contoso-GA", m)
				if r := s.connect(m, "admin@contoso.com"); len(r.Errors) > 0 {
					t.Fatalf("errors %+v", r.Errors)
				}
				for _, step := range steps {
					s.prints(step[0], step[1:]...)
				}
			})
		})
	}
}

func TestAGuestOfExchangeEndsInTheHomeTenant(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Northwind-Partner", mm.Exchange)
		s.connect(mm.Exchange, sandbox.Partner)
		fabrikam, _ := sandbox.ByID(sandbox.Tenants(), "fabrikam.com")
		s.prints("Get-ConnectionInformation", sandbox.Partner, fabrikam.ID)
	})
}

func TestWhatEntraRefusesIsReportedAsTheModuleDoes(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Contoso-GA", mm.SharePoint)
		s.conn.AppID = "00000000-0000-0000-0000-000000000000"
		r := s.connect(mm.SharePoint, "")
		if len(r.Streams.Warning) != 1 || !strings.HasPrefix(r.Streams.Warning[0], "AADSTS700016") {
			t.Errorf("warnings %q", r.Streams.Warning)
		}
		if len(r.Errors) != 1 || r.Errors[0].Message != "Unable to connect using provided arguments" || r.Terminated != mm.Threw {
			t.Errorf("ended %q with %+v", r.Terminated, r.Errors)
		}
	})
}

func TestACodeThatNobodyTypesExpires(t *testing.T) {
	in(t, func(t *testing.T) {
		began := time.Now()
		s := newSession(t, "Contoso-GA", mm.Exchange)
		r := s.connect(mm.Exchange, "")
		if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "expired") || time.Since(began) < 900*time.Second {
			t.Errorf("after %v: %+v", time.Since(began), r.Errors)
		}
	})
}

func TestCancellingASignInLeavesTheSessionUsable(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Contoso-GA", mm.Exchange)
		s.engine.Call(mm.Call{ID: "c", Module: "ExchangeOnlineManagement", Command: "Connect-ExchangeOnline",
			Parameters: map[string]any{"Device": true}})
		<-s.events // the code
		s.engine.Cancel("c")
		if r := s.wait(""); r.Terminated != mm.Stopped {
			t.Errorf("ended %q with %+v", r.Terminated, r.Errors)
		}
		s.connect(mm.Exchange, "admin@contoso.com")
		s.prints("Get-Mailbox", "Adele")
	})
}
