package graph

import (
	"regexp"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A scopeRow names the least delegated permissions of what is below a path.
type scopeRow struct {
	path        *regexp.Regexp
	read, write string
}

// scopeRows is asked where the service does not name the permission: a hint, not the whole truth. The first row that matches
// counts. It follows Microsoft's permission reference as we know it; the rows were not checked page by page.
var scopeRows = sync.OnceValue(func() []scopeRow {
	var rows []scopeRow
	for _, r := range [][3]string{
		{`/sendmail$`, "Mail.Send", "Mail.Send"},
		{`/messages/[^/]+/(send|reply|replyall|forward)$`, "Mail.Send", "Mail.Send"},
		{`^(teams/[^/]+/channels|teams)/.*messages`, "ChannelMessage.Read.All", "ChannelMessage.Send"},
		{`chats`, "Chat.Read", "Chat.ReadWrite"},
		{`mailboxsettings|messagerules`, "MailboxSettings.Read", "MailboxSettings.ReadWrite"},
		{`/(messages|mailfolders)`, "Mail.Read", "Mail.ReadWrite"},
		{`/(events|calendar|calendars|calendarview|calendargroups|findmeetingtimes)`, "Calendars.Read", "Calendars.ReadWrite"},
		{`/(contacts|contactfolders)`, "Contacts.Read", "Contacts.ReadWrite"},
		{`planner|/todo`, "Tasks.Read", "Tasks.ReadWrite"},
		{`onenote`, "Notes.Read", "Notes.ReadWrite"},
		{`^sites`, "Sites.Read.All", "Sites.ReadWrite.All"},
		{`drive`, "Files.Read", "Files.ReadWrite"},
		{`^teams/[^/]+/members|/members.*teams`, "TeamMember.Read.All", "TeamMember.ReadWrite.All"},
		{`^teams/[^/]+/channels|channels`, "Channel.ReadBasic.All", "Channel.Create"},
		{`joinedteams|^teams`, "Team.ReadBasic.All", "TeamSettings.ReadWrite.All"},
		{`^groups/[^/]+/(members|owners)`, "GroupMember.Read.All", "GroupMember.ReadWrite.All"},
		{`^groups|/memberof|/transitivememberof`, "GroupMember.Read.All", "Group.ReadWrite.All"},
		{`^(applications|serviceprincipals)`, "Application.Read.All", "Application.ReadWrite.All"},
		{`^rolemanagement|^directoryroles`, "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory"},
		{`conditionalaccess|^policies`, "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"},
		{`^auditlogs`, "AuditLog.Read.All", "AuditLog.Read.All"},
		{`^reports`, "Reports.Read.All", "Reports.Read.All"},
		{`^security`, "SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All"},
		{`^devicemanagement`, "DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"},
		{`^devices`, "Device.Read.All", "Directory.ReadWrite.All"},
		{`authentication/`, "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"},
		{`^(organization|domains|subscribedskus)`, "Organization.Read.All", "Organization.ReadWrite.All"},
		{`presence`, "Presence.Read.All", "Presence.ReadWrite"},
		{`^users`, "User.Read.All", "User.ReadWrite.All"},
		{`^me`, "User.Read", "User.ReadWrite"},
	} {
		rows = append(rows, scopeRow{path: regexp.MustCompile(r[0]), read: r[1], write: r[2]})
	}
	return rows
})

var (
	oneOf = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:requires? one of|needs? one of|required scopes?(?: are)?|one of the following (?:permissions|scopes))\s*[:=]?\s*'?\[?([A-Za-z][A-Za-z.]+(?:,\s*[A-Za-z][A-Za-z.]+)*)`)
	})
	scopeName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Z][A-Za-z]+(?:-[A-Za-z]+)?\.[A-Za-z]+(?:\.[A-Za-z]+)*$`)
	})
)

// neededScope names the permission that a request lacks: as the service says (sure), or as the table has it.
func neededScope(message string, call mm.GraphCall) (scope string, sure bool) {
	if m := oneOf().FindStringSubmatch(message); m != nil {
		for name := range strings.SplitSeq(m[1], ",") {
			if name = strings.Trim(name, " ."); scopeName().MatchString(name) {
				return name, true
			}
		}
	}
	if call.Resource == mm.FlowResource {
		if reads(call.Method) {
			return "Flows.Read.All", false
		}
		return "Flows.Manage.All", false
	}
	for _, row := range scopeRows() {
		if row.path.MatchString(call.Path) {
			if reads(call.Method) {
				return row.read, false
			}
			return row.write, false
		}
	}
	return "", false
}
