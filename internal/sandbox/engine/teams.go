package engine

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

var (
	teamView = &view{columns: []string{"GroupId", "DisplayName", "Visibility", "Archived", "MailNickName", "Description"}}
	userView = &view{columns: []string{"DisplayName", "UserPrincipalName", "Department"}}
	teamUser = &view{columns: []string{"User", "Role"}}
)

// user makes the object that Get-CsOnlineUser gives.
func user(a sandbox.Account) *object {
	return &object{userView, []property{{"Identity", a.ObjectID}, {"DisplayName", a.DisplayName},
		{"UserPrincipalName", a.UserPrincipalName}, {"Department", a.Department}, {"AccountEnabled", true}}}
}

func teamsCommands() []cmdlet {
	tms := func(name, takes string, do func(*run, *account, args) error) cmdlet {
		return cmdlet{name: name, module: "MicrosoftTeams", kind: "cmdlet", takes: takes, of: mm.Teams, signedIn: mm.Teams,
			do: func(r *run, a args) error { return do(r, r.account(mm.Teams), a) }}
	}
	anyone := func(c cmdlet) cmdlet {
		c.signedIn = ""
		return c
	}
	return []cmdlet{
		anyone(tms("Connect-MicrosoftTeams", "AccessTokens TenantId AccountId TeamsEnvironmentName -UseDeviceAuthentication", connectTeams)),
		anyone(tms("Disconnect-MicrosoftTeams", "", func(r *run, _ *account, _ args) error {
			r.setAccount(mm.Teams, nil)
			return nil
		})),
		tms("Get-CsTenant", "", func(r *run, who *account, _ args) error {
			r.emit(&object{properties: []property{{"TenantId", who.tenant.ID}, {"DisplayName", who.tenant.DisplayName},
				{"Domains", []any{who.tenant.Domain, who.tenant.InitialDomain}}, {"CountryOrRegionDisplayName", "Germany"}}})
			return nil
		}),
		tms("Get-Team", "GroupId DisplayName MailNickName Visibility", getTeams),
		tms("Get-TeamUser", "[GroupId]! Role", getTeamUsers),
		tms("Get-TeamChannel", "[GroupId]!", func(r *run, who *account, a args) error {
			t, err := findTeam(who, a)
			if err != nil {
				return err
			}
			channels, _ := t.get("Channels").([]any)
			for _, c := range channels {
				r.emit(&object{properties: []property{{"DisplayName", textOf(c)}, {"MembershipType", "Standard"}}})
			}
			return nil
		}),
		tms("Get-CsOnlineUser", "[Identity]", func(r *run, who *account, a args) error {
			if !a.given("Identity") {
				return r.emitAll(who.rows(users))
			}
			o := who.find(users, a.text("Identity"), "Identity", "UserPrincipalName", "DisplayName")
			if o == nil {
				return teamsError("NotFound", "User "+a.text("Identity")+" was not found.", a.text("Identity"))
			}
			r.emit(o)
			return nil
		}),
		tms("New-Team", "[DisplayName]! Description Visibility MailNickName Owner", newTeam),
		tms("Add-TeamUser", "[GroupId]! User! Role", addTeamUser),
	}
}

func connectTeams(r *run, _ *account, a args) error {
	if a.given("AccessTokens") {
		who, err := r.connectTeamsByTokens(a.texts("AccessTokens"), a.text("TenantId"))
		if err == nil {
			r.showTeams(who)
		}
		return refusedOr(err)
	}
	if !a.isSet("UseDeviceAuthentication") {
		return terminating("The sandbox has no browser: use -UseDeviceAuthentication.", "ConnectFailed", "")
	}
	tenantID := a.text("TenantId")
	if tenantID == "" {
		tenantID = "organizations"
	}
	who, err := r.signIn(mm.Teams, tenantID, sandbox.TeamsClient, sandbox.GraphResource, func(c sandbox.DeviceCode) {
		r.out.record(mm.StreamInformation, c.Message)
		r.out.record(mm.StreamConsole, c.Message)
	})
	if err != nil {
		return refusedSignIn(err, "ConnectFailed")
	}
	r.showTeams(who)
	return nil
}

// showTeams emits what Connect-MicrosoftTeams gives.
func (r *run) showTeams(who *account) {
	r.emit(&object{properties: []property{{"Account", who.upn}, {"Environment", "AzureCloud"}, {"Tenant", who.tenant.ID},
		{"TenantId", who.tenant.ID}}})
}

// connectTeamsByTokens needs a token for each of the two audiences, of one tenant.
func (r *run) connectTeamsByTokens(tokens []string, tenantID string) (*account, error) {
	for _, audience := range []string{sandbox.GraphResource, sandbox.TeamsResource} {
		i := slices.IndexFunc(tokens, func(t string) bool { c, err := sandbox.ParseToken(t); return err == nil && c.Audience == audience })
		if i < 0 {
			return nil, words("AccessTokens has no token for " + audience + ".")
		}
		claims, err := checkToken(tokens[i], audience)
		if err != nil {
			return nil, err
		}
		if tenantID == "" {
			tenantID = claims.TenantID
		}
		if !isTenant(tenantID, claims.TenantID) {
			return nil, words("AccessTokens are of another tenant.")
		}
	}
	return r.accept(mm.Teams, tokens[0])
}

func findTeam(who *account, a args) (*object, error) {
	if t := who.find(teams, a.text("GroupId"), "GroupId"); t != nil {
		return t, nil
	}
	return nil, teamsError("NotFound", "No team found with Group Id "+a.text("GroupId"), a.text("GroupId"))
}

// teamsError is how the module reports an error of the service.
func teamsError(code, message, target string) error {
	return fail("Error occurred while executing \nCode: "+code+"\nMessage: "+message, code, "InvalidOperation", target)
}

func getTeams(r *run, who *account, a args) error {
	rows := who.rows(teams)
	for _, name := range []string{"GroupId", "DisplayName", "MailNickName", "Visibility"} {
		if a.given(name) {
			rows = keep(rows, name, []string{a.text(name)})
		}
	}
	return r.emitAll(rows)
}

func getTeamUsers(r *run, who *account, a args) error {
	t, err := findTeam(who, a)
	if err != nil {
		return err
	}
	for _, role := range []string{"Owner", "Member"} {
		if a.given("Role") && !strings.EqualFold(a.text("Role"), role) {
			continue
		}
		people, _ := t.get(role + "s").([]any)
		for _, p := range people {
			name := textOf(p)
			if u := who.find(users, name, "UserPrincipalName"); u != nil {
				name = u.text("DisplayName")
			}
			r.emit(&object{teamUser, []property{{"User", textOf(p)}, {"Name", name}, {"Role", strings.ToLower(role)}}})
		}
	}
	return nil
}

func newTeam(r *run, who *account, a args) error {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	h := hex.EncodeToString(id)
	owner := a.text("Owner")
	if owner == "" {
		owner = who.upn
	}
	visibility, nick := a.text("Visibility"), a.text("MailNickName")
	if visibility == "" {
		visibility = "Private"
	}
	if nick == "" {
		nick = "msteams_" + h[:6]
	}
	t := objectOf(teamView, sandbox.Team{GroupID: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:],
		DisplayName: a.text("DisplayName"), Description: a.text("Description"), Visibility: visibility, MailNickName: nick,
		Owners: []string{owner}, Channels: []string{"General"}})
	if err := who.put(teams, nil, t); err != nil {
		return err
	}
	r.emit(t)
	return nil
}

func addTeamUser(_ *run, who *account, a args) error {
	t, err := findTeam(who, a)
	if err != nil {
		return err
	}
	if who.find(users, a.text("User"), "UserPrincipalName", "Identity") == nil {
		return teamsError("Request_ResourceNotFound", "Could not find member "+a.text("User")+".", a.text("User"))
	}
	list := "Members"
	if strings.EqualFold(a.text("Role"), "Owner") {
		list = "Owners"
	}
	people, _ := t.get(list).([]any)
	return who.put(teams, t, t.with(property{list, append(people[:len(people):len(people)], a.text("User"))}))
}
