package graph

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readUsers   = []string{"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"}
	readSelf    = []string{"User.Read", "User.ReadWrite", "User.ReadBasic.All"}
	readGroups  = []string{"Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "Directory.Read.All"}
	writeGroups = []string{"Group.ReadWrite.All", "GroupMember.ReadWrite.All"}
)

// photo is the smallest PNG there is, for content that is neither JSON nor text.
var photo = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf" +
	"\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

func (w *world) seedUsers() {
	users := w.make("users", "users", 100, 999)
	users.eventual = true
	for i, a := range w.tenant.Accounts {
		given, family, _ := strings.Cut(a.DisplayName, " ")
		o := odata.Object{"id": a.ObjectID, "displayName": a.DisplayName, "givenName": given, "surname": family,
			"mail": a.UserPrincipalName, "userPrincipalName": a.UserPrincipalName, "jobTitle": nil, "department": a.Department,
			"mobilePhone": nil, "officeLocation": strconv.Itoa(10+i) + "/2100", "preferredLanguage": "en-US", "accountEnabled": true,
			"businessPhones": []any{"+49 30 555 01" + strconv.Itoa(10+i)}, "userType": "Member", "createdDateTime": w.ago(time.Duration(900-i) * 24 * time.Hour)}
		if w.tenant.Guest(a) {
			o["userType"] = "Guest"
			o["userPrincipalName"] = strings.ReplaceAll(a.UserPrincipalName, "@", "_") + "#EXT#@" + w.tenant.InitialDomain
		}
		users.put(o)
	}
	organization := w.make("organization", "organization", 100, 999)
	organization.put(odata.Object{"id": w.tenant.ID, "displayName": w.tenant.DisplayName, "countryLetterCode": "DE",
		"verifiedDomains": []any{odata.Object{"name": w.tenant.Domain, "isDefault": true, "isInitial": false},
			odata.Object{"name": w.tenant.InitialDomain, "isDefault": false, "isInitial": true}}})
}

func (w *world) seedGroups() {
	groups := w.make("groups", "groups", 100, 999)
	groups.eventual = true
	add := func(id, name, nick, description, visibility string, types []any, members []string) {
		groups.put(odata.Object{"id": id, "displayName": name, "mailNickname": nick, "mail": nick + "@" + w.tenant.Domain, "description": description,
			"mailEnabled": true, "securityEnabled": false, "groupTypes": types, "visibility": visibility})
		in := w.make("groups/"+id+"/members", "directoryObjects", 100, 999)
		for _, m := range members {
			w.join(in, m)
		}
	}
	for _, g := range w.tenant.Groups {
		add(w.id("group "+g.Alias), g.DisplayName, g.Alias, "", "Public", []any{}, g.Members)
	}
	for _, t := range w.tenant.Teams {
		add(t.GroupID, t.DisplayName, t.MailNickName, t.Description, t.Visibility, []any{"Unified"}, append(append([]string(nil), t.Owners...), t.Members...))
		w.seedDrive("b!group-"+t.GroupID, t.DisplayName, []string{"Minutes.docx"})
	}
}

// join makes somebody a member of a group.
func (w *world) join(members *collection, idOrAddress string) bool {
	id, ok := w.account(idOrAddress)
	if !ok {
		return false
	}
	user, _ := w.collection("users").get(id)
	return members.put(odata.Object{"@odata.type": "#microsoft.graph.user", "id": id, "displayName": user["displayName"], "mail": user["mail"],
		"userPrincipalName": user["userPrincipalName"]})
}

func directoryRoutes() []route {
	users, groups, members := in("users"), in("groups"), in("groups/*/members")
	return []route{
		on("GET", "users", directoryArea, readUsers, listing(users)),
		on("GET", "users/$count", directoryArea, readUsers, counting(users)),
		on("GET", "users/delta", directoryArea, readUsers, func(c *call) answer { return c.delta(users(c), users(c)) }),
		on("GET", "users/*", directoryArea, readSelf, getting(users)),
		on("GET", "users/*/photo/$value", directoryArea, readSelf, func(c *call) answer { return content("image/png", photo) }),
		on("GET", "users/*/memberof", directoryArea, readGroups, memberOf),
		on("POST", "users/*/revokesigninsessions", directoryArea, readSelf, revokeSessions),
		on("GET", "organization", directoryArea, nil, listing(in("organization"))),
		on("GET", "groups", directoryArea, readGroups, listing(groups)),
		on("GET", "groups/$count", directoryArea, readGroups, counting(groups)),
		on("GET", "groups/*", directoryArea, readGroups, getting(groups)),
		on("PATCH", "groups/*", directoryArea, writeGroups, updating(groups)),
		on("GET", "groups/*/members", directoryArea, readGroups, listing(members)),
		on("POST", "groups/*/members/$ref", directoryArea, writeGroups, addMember),
		on("DELETE", "groups/*/members/*/$ref", directoryArea, writeGroups, removing(members)),
	}
}

// counting answers with a number as text.
func counting(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		if !c.eventual {
			return refused(http.StatusBadRequest, "Request_BadRequest", "$count is not currently supported without the header ConsistencyLevel: eventual.")
		}
		return content("text/plain", []byte(strconv.Itoa(c.query.Apply(in(c), 1).Total)))
	}
}

func memberOf(c *call) answer {
	var rows odata.List
	groups := c.world.collection("groups")
	for _, g := range groups.rows {
		if _, ok := c.world.collection("groups", g["id"].(string), "members").get(c.stars[0]); ok {
			rows = append(rows, g)
		}
	}
	return c.list(rows, groups)
}

func revokeSessions(c *call) answer {
	o, ok := c.world.collection("users").get(c.stars[0])
	if !ok {
		return c.area.notFound()
	}
	if c.s.opts.Revoke != nil {
		c.s.opts.Revoke(o["mail"].(string))
	}
	return newAnswer(http.StatusOK, odata.Object{"@odata.context": c.context("Edm.Boolean"), "value": true})
}

// addMember takes {"@odata.id": "…/directoryObjects/ID"}.
func addMember(c *call) answer {
	members := c.world.collection("groups", c.stars[0], "members")
	address, _ := c.body["@odata.id"].(string)
	id := address[strings.LastIndexByte(address, '/')+1:]
	if members == nil {
		return c.area.notFound()
	}
	if _, already := members.get(id); already {
		return refused(http.StatusBadRequest, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'.")
	}
	if !c.world.join(members, id) {
		return c.area.notFound()
	}
	c.record("member")
	return noContent()
}
