package normal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

var contoso = mm.Connection{Name: "Contoso-GA"}

const host = "https://graph.microsoft.com"

// place is an endpoint, what is sent for it and what is judged. An empty url means that it is refused with the words of path.
type place struct{ endpoint, url, path, why string }

var places = []place{
	{"/me", "/v1.0/me", "me", "the version that is not given is v1.0"},
	{"me", "/v1.0/me", "me", "the slash may be missing"},
	{" /me ", "/v1.0/me", "me", "spaces around it mean nothing"},
	{"/beta/me", "/beta/me", "me", "beta stays"},
	{"/v1.0/me", "/v1.0/me", "me", "v1.0 stays"},
	{"/V1.0/Me", "/v1.0/Me", "me", "the version in any case; ids keep theirs"},
	{"/BETA/me", "/beta/me", "me", "the version in any case"},
	{"/%76%31%2e0/me", "/v1.0/me", "me", "an encoded version is one"},
	{"/v1.0/v1.0/me", "/v1.0/v1.0/me", "v1.0/me", "only the first is the version"},
	{"//v1.0///me//messages//", "/v1.0/me/messages", "me/messages", "empty segments vanish"},
	{"/me/", "/v1.0/me", "me", "a slash at the end means nothing"},
	{"https://graph.microsoft.com/v1.0/me", "/v1.0/me", "me", "the whole address of the same host"},
	{"HTTPS://Graph.Microsoft.COM/v1.0/me", "/v1.0/me", "me", "schemes and hosts have no case"},
	{"https://graph.microsoft.com/me", "/v1.0/me", "me", "a whole address without a version"},
	{"https://graph.microsoft.com/v1.0/me/messages?$skiptoken=a+b%2Bc=&$top=5", "/v1.0/me/messages?$skiptoken=a+b%2Bc=&$top=5", "me/messages",
		"a continuation is sent back as it came"},
	{"https://graph.microsoft.com/v1.0/users?%24skiptoken=%41%6a", "/v1.0/users?%24skiptoken=%41%6a", "users", "even where it encodes letters"},

	{"", "", "is empty", "there is nothing to send"},
	{"/", "", "no path", "the service has no answer for it"},
	{"/v1.0", "", "no path", "a version alone is no path"},
	{"http://graph.microsoft.com/v1.0/me", "", "no https", "tokens travel encrypted only"},
	{"ftp://graph.microsoft.com/me", "", "no https", "only https"},
	{"javascript:alert(1)", "", "no https", "a scheme is no path"},
	{"https:/graph.microsoft.com/me", "", "no https", "half an address is read differently by different readers"},
	{"https:graph.microsoft.com/me", "", "no https", "half an address is read differently by different readers"},
	{"https://evil.example/v1.0/me", "", "leads to", "the token stays with its service"},
	{"https://graph.microsoft.com.evil.example/me", "", "leads to", "a longer host is another host"},
	{"https://evil.example/graph.microsoft.com/", "", "leads to", "the host in the path is no host"},
	{"https://sub.graph.microsoft.com/me", "", "leads to", "the exact host only"},
	{"https://graph.microsoft.com./me", "", "leads to", "a dot at the end makes another host of it"},
	{"https://graph.microſoft.com/me", "", "leads to", "a long s is no s"},
	{"https://graph.microsoft.us/v1.0/me", "", "leads to", "another cloud's host"},
	{"https://graph.microsoft.com@evil.example/me", "", "user", "what stands before the @ is no host"},
	{"https://user:pw@graph.microsoft.com/me", "", "user", "no passwords in addresses"},
	{"https://graph.microsoft.com:443/me", "", "port", "no port"},
	{"https://graph.microsoft.com:8443/me", "", "port", "no port"},
	{"https://graph.microsoft.com\\@evil.example/me", "", "backslash", "some readers take it for a slash"},
	{"https:\\\\graph.microsoft.com\\me", "", "no https", "backslashes are no slashes"},
	{"https://graph.microsoft.com/v1.0/me#x", "", "fragment", "a fragment is not sent, so it cannot be meant"},
	{"https://graph.microsoft.com/v1.0/me?$top=5#x", "", "fragment", "a fragment is not sent, so it cannot be meant"},
	{"//evil.example/me", "/v1.0/evil.example/me", "evil.example/me", "two slashes begin no host here"},
	{"graph.microsoft.com/v1.0/me", "", "begins with a host", "would be a path on the same host"},
	{"GET /me", "", "begins with a method", "models write it so"},
	{"/me\\sendMail", "", "backslash", "some servers take it for a slash"},
	{"/me%5CsendMail", "", "encoded /", "an encoded one too"},
	{"/me%2FsendMail", "", "encoded /", "would be one segment for us and two for the service"},
	{"/me%252FsendMail", "", "encoded /", "encoded twice"},
	{"/me%25252fsendMail", "", "encoded /", "encoded three times"},
	{"/users/..%2fme", "", "encoded /", "with dots"},
	{"/users/../me", "", "dot segment", "no dot segments"},
	{"/users/./me", "", "dot segment", "no dot segments"},
	{"/users/%2e%2e/me", "", "dot segment", "encoded"},
	{"/users/%252e%252e/me", "", "dot segment", "encoded twice"},
	{"/users/.%2e/me", "", "dot segment", "half encoded"},
	{"/users/%20../me", "", "dot segment", "with a space that is trimmed somewhere"},
	{"/users/%2525252525252525252e/me", "", "encoded more than", "deeper than anybody means it"},
	{"/me/sendMail%3Fx", "", "encoded /", "would end the path for who decodes first"},
	{"/me/send%00Mail", "", "control", "ends a text for some readers"},
	{"/me/send\nMail", "", "control", "would be another line of the request"},
	{"/me/send\tMail", "", "control", "vanishes in some readers"},
	{"/me/%0d%0aHost:x", "", "control", "encoded lines"},
	{"/me/%20", "", "nothing but spaces", "a segment that some trim away"},
	{"/me/\u2028x", "", "control", "a line of its own in some readers"},
	{"/me/\xff", "", "UTF-8", "bytes that are no text"},
	{"/me/%ff", "", "UTF-8", "encoded bytes that are no text"},
	{"/me/sendMail#", "", "holds a #", "would be dropped or kept, who knows"},
	{"/users/{id}/messages", "", `placeholder "{id}"`, "out of the documentation"},
	{"/users/{user-id}", "", "placeholder", "out of the documentation"},
	{"/users/<id>", "", "placeholder", "out of the documentation"},
	{"/sites/a/lists/{D7689E2B-0000-4000-8000-000000000001}", "/v1.0/sites/a/lists/%7BD7689E2B-0000-4000-8000-000000000001%7D",
		"sites/a/lists/{d7689e2b-0000-4000-8000-000000000001}", "ids in braces are ids"},
	{"/me?" + strings.Repeat("x", normal.MaxURL), "", "bytes", "bounded"},
	{"/me?$filter=" + strings.Repeat("ü", normal.MaxURL/4), "", "bytes", "bounded after encoding"},

	{"/me/sendMail", "/v1.0/me/sendMail", "me/sendmail", "compared without regard to case"},
	{"/ME/SENDMAIL", "/v1.0/ME/SENDMAIL", "me/sendmail", "compared without regard to case"},
	{"/me/%73end%4Dail", "/v1.0/me/sendMail", "me/sendmail", "letters are never encoded"},
	{"/me/%2573endMail", "/v1.0/me/%2573endMail", "me/sendmail", "judged as who decodes twice reads it"},
	{"/me/ſendMail", "/v1.0/me/%C5%BFendMail", "me/sendmail", "judged as who folds cases widely reads it"},
	{"/me/sendMail()", "/v1.0/me/sendMail()", "me/sendmail", "() is a call of the same"},
	{"/me/sendMail%28%29", "/v1.0/me/sendMail%28%29", "me/sendmail", "encoded"},
	{"/me/sendMail( )", "/v1.0/me/sendMail(%20)", "me/sendmail", "with a space"},
	{"/me/sendMail%20", "/v1.0/me/sendMail%20", "me/sendmail", "a space at the end"},
	{"/me/microsoft.graph.sendMail", "/v1.0/me/microsoft.graph.sendMail", "me/sendmail", "the action's whole name"},
	{"/me/Microsoft.Graph.SendMail()", "/v1.0/me/Microsoft.Graph.SendMail()", "me/sendmail", "in any case"},
	{"/me/graph.sendMail", "/v1.0/me/graph.sendMail", "me/sendmail", "by the alias of the namespace"},
	{"/me/microsoft.graph%2esendMail", "/v1.0/me/microsoft.graph.sendMail", "me/sendmail", "with an encoded dot"},
	{"/users('a')/sendMail", "/v1.0/users('a')/sendMail", "users/a/sendmail", "keys are segments"},
	{"/users(%27a%27)/sendMail", "/v1.0/users(%27a%27)/sendMail", "users/a/sendmail", "encoded quotes"},
	{"/users('o''hara@contoso.com')", "/v1.0/users('o''hara@contoso.com')", "users/o'hara@contoso.com", "doubled quotes are one"},
	{"/applications(appId='x')/addPassword", "/v1.0/applications(appId='x')/addPassword", "applications/x/addpassword", "alternate keys"},
	{"/applications(appId = 'x')", "/v1.0/applications(appId%20=%20'x')", "applications/x", "with spaces"},
	{"/users(id=x)", "/v1.0/users(id=x)", "users/x", "without quotes"},
	{"/reports/getTeamsUserActivityCounts(period='D7')", "/v1.0/reports/getTeamsUserActivityCounts(period='D7')",
		"reports/getteamsuseractivitycounts/d7", "arguments count as a key"},
	{"/me/messages('A')/microsoft.graph.eventMessage/accept", "/v1.0/me/messages('A')/microsoft.graph.eventMessage/accept",
		"me/messages/a/accept", "casts are left out"},
	{"/me/messages/A/microsoft.graph.someNewType/send", "/v1.0/me/messages/A/microsoft.graph.someNewType/send",
		"me/messages/a/send", "casts to types of tomorrow too"},
	{"/me/messages/A/graph.message/microsoft.graph.reply", "/v1.0/me/messages/A/graph.message/microsoft.graph.reply",
		"me/messages/a/reply", "cast and namespace"},
	{"/groups/g/members/microsoft.graph.user", "/v1.0/groups/g/members/microsoft.graph.user", "groups/g/members", "a cast at the end"},
	{"/groups/g/members/microsoft.graph.user/$count", "/v1.0/groups/g/members/microsoft.graph.user/$count", "groups/g/members/$count", "a cast before $count"},
	{"/me/microsoft.graph.sendMail/$value", "/v1.0/me/microsoft.graph.sendMail/$value", "me/sendmail/$value", "an action does not hide behind $value"},
	{"/security/microsoft.graph.security.runHuntingQuery", "/v1.0/security/microsoft.graph.security.runHuntingQuery",
		"security/runhuntingquery", "namespaces below Graph's"},
	{"/sites/graph.sharepoint.com", "/v1.0/sites/graph.sharepoint.com", "sites/graph.sharepoint.com", "a host is no namespace"},
	{"/teams/t/channels/19:ab@thread.tacv2/messages", "/v1.0/teams/t/channels/19:ab@thread.tacv2/messages",
		"teams/t/channels/19:ab@thread.tacv2/messages", "a colon in an id begins no name"},
	{"/chats/19:ab/messages", "/v1.0/chats/19:ab/messages", "chats/19:ab/messages", "a colon in an id begins no name"},
	{"/users/x:/messages/y:/send", "/v1.0/users/x:/messages/y:/send", "users/x:/messages/y:/send", "users have no names between colons"},
	{"/me/drive/root:/Docs/Q1 report.docx", "/v1.0/me/drive/root:/Docs/Q1%20report.docx", "me/drive/root/:", "a name is data"},
	{"/me/drive/root:/Docs/Q1 report.docx:/content", "/v1.0/me/drive/root:/Docs/Q1%20report.docx:/content", "me/drive/root/:/content", "up to its colon"},
	{"/me/drive/root:/invite", "/v1.0/me/drive/root:/invite", "me/drive/root/:", "a file called invite is no invitation"},
	{"/me/drive/root:/a:/invite", "/v1.0/me/drive/root:/a:/invite", "me/drive/root/:/invite", "an invitation is one"},
	{"/me/drive/root:/a:/microsoft.graph.invite()", "/v1.0/me/drive/root:/a:/microsoft.graph.invite()", "me/drive/root/:/invite", "in its other spelling"},
	{"/me/drive/root:a.txt:/createLink", "/v1.0/me/drive/root:a.txt:/createLink", "me/drive/root/:/createlink", "without the slash"},
	{"/me/drive/ROOT%3A/a%3A/createLink", "/v1.0/me/drive/ROOT%3A/a%3A/createLink", "me/drive/root/:/createlink", "with encoded colons"},
	{"/drives/d/items/i:/a (1).txt:/content", "/v1.0/drives/d/items/i:/a%20(1).txt:/content", "drives/d/items/i/:/content", "below an item"},
	{"/me/drive/special/approot:/a:/content", "/v1.0/me/drive/special/approot:/a:/content", "me/drive/special/approot/:/content", "special folders"},
	{"/sites/contoso.sharepoint.com:/sites/HR:/lists", "/v1.0/sites/contoso.sharepoint.com:/sites/HR:/lists",
		"sites/contoso.sharepoint.com/:/lists", "sites by their path"},
	{"/sites/contoso.sharepoint.com:/sites/HR", "/v1.0/sites/contoso.sharepoint.com:/sites/HR", "sites/contoso.sharepoint.com/:", "to the end"},
	{"/me/drive/root:", "/v1.0/me/drive/root:", "me/drive/root", "a colon without a name"},
	{"/me/drive/root:/a/../b", "", "dot segment", "not in names either"},
	{"/me/drive/root:/100%.txt", "/v1.0/me/drive/root:/100%25.txt", "me/drive/root/:", "a % that encodes nothing is one"},
	{"/me/drive/root:/{id}", "/v1.0/me/drive/root:/%7Bid%7D", "me/drive/root/:", "files may be called so"},
	{"/me/drive/root:/C#.md", "/v1.0/me/drive/root:/C%23.md", "me/drive/root/:", "files may have a #"},
	{"/users/anna_fabrikam.com#EXT#@contoso.com", "/v1.0/users/anna_fabrikam.com%23EXT%23@contoso.com",
		"users/anna_fabrikam.com#ext#@contoso.com", "guests have a # in their name"},
	{"/users/anna_fabrikam.com%23EXT%23@contoso.com", "/v1.0/users/anna_fabrikam.com%23EXT%23@contoso.com",
		"users/anna_fabrikam.com#ext#@contoso.com", "and may be encoded already"},
	{"/users/jürgen@contoso.com", "/v1.0/users/j%C3%BCrgen@contoso.com", "users/jürgen@contoso.com", "letters of all languages"},
	{"/%24batch", "", "not valid JSON", "$batch, encoded, without a body"},

	{"/users?$filter=displayName eq 'Anna B'", "/v1.0/users?$filter=displayName%20eq%20'Anna%20B'", "users", "spaces are encoded"},
	{"/users?$filter=displayName%20eq%20'Anna'", "/v1.0/users?$filter=displayName%20eq%20'Anna'", "users", "but once"},
	{"/users?$filter=displayName+eq+'Anna'", "/v1.0/users?$filter=displayName+eq+'Anna'", "users", "a + may stand for a space"},
	{"/users?$filter=mail eq 'a+b@x.com'", "/v1.0/users?$filter=mail%20eq%20'a%2Bb@x.com'", "users", "beside real spaces it is a plus"},
	{"/users?$filter=mail%20eq%20'a+b@x.com'&$top=5", "/v1.0/users?$filter=mail%20eq%20'a%2Bb@x.com'&$top=5", "users", "beside encoded ones too"},
	{"/me/calendarView?startDateTime=2026-01-01T00:00:00+01:00", "/v1.0/me/calendarView?startDateTime=2026-01-01T00:00:00%2B01:00",
		"me/calendarview", "before a zone it is a plus"},
	{"/groups?$filter=displayName eq 'R&D'&$top=5", "/v1.0/groups?$filter=displayName%20eq%20'R%26D'&$top=5", "groups", "an & in quotes is text"},
	{"/groups?$filter=displayName eq 'it''s R&D'", "/v1.0/groups?$filter=displayName%20eq%20'it''s%20R%26D'", "groups", "with a doubled quote"},
	{"/groups?$filter=displayName eq 'it's&$top=5", "/v1.0/groups?$filter=displayName%20eq%20'it's&$top=5", "groups", "quotes in pairs only"},
	{`/users?$search="displayName:O'Hara"`, "/v1.0/users?$search=%22displayName:O'Hara%22", "users", "double quotes are encoded"},
	{"/groups?$filter=displayName eq 'C# team'", "/v1.0/groups?$filter=displayName%20eq%20'C%23%20team'", "groups", "a # is text"},
	{"/users?$filter=displayName eq 'Jürgen'", "/v1.0/users?$filter=displayName%20eq%20'J%C3%BCrgen'", "users", "letters of all languages"},
	{"/users?$filter=a eq '100%'", "/v1.0/users?$filter=a%20eq%20'100%25'", "users", "a % that encodes nothing is one"},
	{`/me/messages?$search="from:\"x\""`, "/v1.0/me/messages?$search=%22from:%5C%22x%5C%22%22", "me/messages", "a backslash in a query is text"},
	{"/users?$expand=manager($select=id;$top=1)", "/v1.0/users?$expand=manager($select=id;$top=1)", "users", "what OData writes stays"},
	{"/users?", "/v1.0/users", "users", "an empty query is none"},
	{"/users?a=b?c", "/v1.0/users?a=b?c", "users", "a second ? is text"},
	{"/users?x=/../y", "/v1.0/users?x=/../y", "users", "a path in a query is none"},
	{"/users?x=\x00", "", "control", "no control characters in the query"},
}

func TestAnEndpointHasOneForm(t *testing.T) {
	for _, p := range places {
		r := mm.GraphRequest{Endpoint: p.endpoint}
		if strings.Contains(p.why, "$batch") {
			r.Method = "POST"
		}
		call, err := normal.Normalise(contoso, r)
		name := p.endpoint[:min(len(p.endpoint), 60)]
		if p.url == "" {
			if err == nil {
				t.Errorf("%q is not refused (%s): %s", name, p.why, call.URL)
			} else if !strings.Contains(err.Message, p.path) || err.Remedy == "" || err.Code != mm.BadRequest || err.Executed != mm.ExecutedNo {
				t.Errorf("%q (%s): %+v", name, p.why, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q is refused (%s): %v", name, p.why, err)
			continue
		}
		if call.URL != host+p.url || call.Path != p.path {
			t.Errorf("%q (%s):\n got %s, %s\nwant %s, %s", name, p.why, call.URL, call.Path, host+p.url, p.path)
		}
		again, err := normal.Normalise(contoso, normal.Request(contoso, call))
		if err != nil || cmp.Diff(call, again) != "" {
			t.Errorf("%q changes when it is normalised again: %v\n%s", name, err, cmp.Diff(call, again))
		}
	}
	if len(places) < 100 {
		t.Errorf("%d cases only", len(places))
	}
}

func TestAResourceHasItsHost(t *testing.T) {
	const flows = "/providers/Microsoft.ProcessSimple/environments/Default-1/flows?api-version=2016-11-01"
	sandbox := mm.Connection{Name: "S", Cloud: "sandbox", Sandbox: &mm.SandboxEndpoints{
		Authority: "http://127.0.0.1:1", Graph: "https://127.0.0.1:4001", Flow: "https://127.0.0.1:4002"}}
	for _, c := range []struct {
		connection     mm.Connection
		resource       mm.Resource
		endpoint, want string
	}{
		{contoso, "", "/me", "https://graph.microsoft.com/v1.0/me"},
		{contoso, "Graph", "/me", "https://graph.microsoft.com/v1.0/me"},
		{contoso, "flow", flows, "https://api.flow.microsoft.com" + flows},
		{contoso, "FLOW", "https://api.flow.microsoft.com" + flows, "https://api.flow.microsoft.com" + flows},
		{contoso, "flow", "https://graph.microsoft.com/v1.0/me", ""},
		{contoso, "graph", "https://api.flow.microsoft.com" + flows, ""},
		{contoso, "azure", "/subscriptions", ""},
		{mm.Connection{Cloud: "china"}, "graph", "/me", "https://microsoftgraph.chinacloudapi.cn/v1.0/me"},
		{mm.Connection{Cloud: "usgovdod"}, "flow", flows, "https://api.flow.appsplatform.us" + flows},
		{sandbox, "graph", "/me", "https://127.0.0.1:4001/v1.0/me"},
		{sandbox, "graph", "https://127.0.0.1:4001/v1.0/me", "https://127.0.0.1:4001/v1.0/me"},
		{sandbox, "graph", "https://127.0.0.1:4002/v1.0/me", ""},
		{sandbox, "graph", "https://127.0.0.1/v1.0/me", ""},
		{sandbox, "flow", flows, "https://127.0.0.1:4002" + flows},
		{mm.Connection{Cloud: "sandbox", Sandbox: &mm.SandboxEndpoints{}}, "graph", "/me", ""},
	} {
		call, err := normal.Normalise(c.connection, mm.GraphRequest{Resource: c.resource, Endpoint: c.endpoint})
		if call.URL != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %s: %s, %v", c.resource, c.endpoint, call.URL, err)
		}
	}
}

func TestAFlowIsJudgedWithoutGraphsRules(t *testing.T) {
	call, err := normal.Normalise(contoso, mm.GraphRequest{Resource: "flow", Method: "post",
		Endpoint: "/providers/Microsoft.ProcessSimple/environments/E/flows/F/triggers('manual')/run?api-version=2016-11-01"})
	if err != nil || call.Version != "" || call.Path != "providers/microsoft.processsimple/environments/e/flows/f/triggers/manual/run" {
		t.Errorf("%+v, %v", call, err)
	}
}

// asked is a request and what becomes of it: body is what is sent, or, with refused, a word of the error.
type asked struct {
	method, endpoint, body string
	sent, refused, why     string
}

func TestABodyIsOneThatTheMethodTakes(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", normal.MaxBody) + `"}`
	for _, c := range []asked{
		{"", "/me", ``, ``, "", "GET has none"},
		{"get", "/me", `null`, ``, "", "null is none"},
		{"Get", "/me", `{}`, ``, "", "models send an empty object"},
		{"GET", "/me", `""`, ``, "", "or an empty text"},
		{"GET", "/me", `{"a":1}`, ``, "takes no body", "a body that is not read is a mistake"},
		{"HEAD", "/me", `{"a":1}`, ``, "takes no body", "likewise"},
		{"DELETE", "/users/x", `{"a":1}`, ``, "takes no body", "likewise"},
		{"TRACE", "/me", ``, ``, "no method", "not one of Graph's"},
		{"POST /x", "/me", ``, ``, "no method", "a method is a word"},
		{"POST", "/me/sendMail", ` {"a" : 1} `, `{"a":1}`, "", "space means nothing"},
		{"POST", "/me/messages/x/send", `{}`, `{}`, "", "an empty object is one where a body belongs"},
		{"POST", "/me/messages/x/send", ``, ``, "", "or none"},
		{"PATCH", "/me", `{"a":"<&>é"}`, `{"a":"<&>é"}`, "", "text stays as it is"},
		{"PATCH", "/me", `[1]`, `[1]`, "", "arrays are bodies"},
		{"PATCH", "/me", `5`, ``, "no JSON object", "a number is none"},
		{"PATCH", "/me", `"hello"`, ``, "is text", "a word is none"},
		{"PATCH", "/me", `"{\"a\":1}"`, `{"a":1}`, "", "JSON in a string is that JSON"},
		{"PATCH", "/me", `"{\"a\":1"`, ``, "not valid JSON", "if it is JSON"},
		{"PATCH", "/me", `"\"{}\""`, ``, "is text", "once"},
		{"PATCH", "/me", `{"a":1`, ``, "not valid JSON", "half an object"},
		{"PATCH", "/me", `{"a":1} {"b":2}`, ``, "more than one", "two objects"},
		{"PATCH", "/me", `{"a":1}x`, ``, "not valid JSON", "something after it"},
		{"PATCH", "/me", `{'a':1}`, ``, "not valid JSON", "not quite JSON"},
		{"PATCH", "/me", `{"a":1,}`, ``, "not valid JSON", "not quite JSON"},
		{"PATCH", "/me", "\xef\xbb\xbf{}", ``, "not valid JSON", "a byte order mark"},
		{"PATCH", "/me", "{\"a\":\"\xff\"}", ``, "UTF-8", "no text"},
		{"PATCH", "/me", `{"a":1,"a":2}`, ``, `the name "a" twice`, "who knows which counts"},
		{"PATCH", "/me", `{"a":1,"A":2}`, ``, `twice`, "readers without regard to case"},
		{"PATCH", "/me", `{"a":1,"\u0061":2}`, ``, `twice`, "in another spelling"},
		{"PATCH", "/me", `{"x":[{"y":{"a":1,"a":2}}]}`, ``, `twice`, "at any depth"},
		{"PATCH", "/me", `{"a":{"b":1},"c":{"b":1}}`, `{"a":{"b":1},"c":{"b":1}}`, "", "in two objects is fine"},
		{"PATCH", "/me", `{"a":["a","a"]}`, `{"a":["a","a"]}`, "", "values may repeat"},
		{"PATCH", "/me", strings.Repeat(`[`, 101) + strings.Repeat(`]`, 101), ``, "nested", "bounded depth"},
		{"PATCH", "/me", long, ``, "body_file", "bounded size"},
		{"PUT", "/me/drive/root:/a.txt:/content", `"hello"`, `hello`, "", "the text of a file"},
		{"PUT", "/me/drive/root:/a.json:/content", `"{\"a\":1}"`, `{"a":1}`, "", "whatever it is"},
		{"PUT", "/me/drive/root:/a.json:/content", `{"a":1}`, `{"a":1}`, "", "or JSON as it is"},
		{"PUT", "/me/drive/root:/a.json:/content", `{"confirmed":true}`, `{"confirmed":true}`, "", "a file keeps what is in it"},
		{"POST", "/me/sendMail", `{"message":{"subject":"x"},"confirmed":true}`, `{"message":{"subject":"x"}}`, "", "confirmed is for mm"},
		{"POST", "/me/sendMail", `{"Confirmed":"true"}`, `{}`, "", "in any case, in quotes"},
		{"POST", "/me/sendMail", `{"confirm\u0065d":false}`, `{}`, "", "in another spelling; false counts as no"},
		{"POST", "/me/x", `{"confirmed":{"a":1}}`, `{"confirmed":{"a":1}}`, "", "an object is the service's"},
		{"POST", "/me/x", `{"a":{"confirmed":true}}`, `{"a":{"confirmed":true}}`, "", "deeper it is the service's"},
	} {
		call, err := normal.Normalise(contoso, mm.GraphRequest{Method: c.method, Endpoint: c.endpoint, Body: json.RawMessage(c.body)})
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%.60s (%s): %v", c.body, c.why, err)
			}
			continue
		}
		if err != nil || string(call.Body) != c.sent {
			t.Errorf("%s (%s): %s, %v", c.body, c.why, call.Body, err)
			continue
		}
		again, err := normal.Normalise(contoso, normal.Request(contoso, call))
		call.Confirmed, call.Notes = false, nil // taken out the first time
		if diff := cmp.Diff(call, again); err != nil || diff != "" {
			t.Errorf("%s changes when it is normalised again: %v\n%s", c.body, err, diff)
		}
	}
}

func TestConfirmedInTheBodyIsToldAndNotSent(t *testing.T) {
	for body, want := range map[string]bool{
		`{"confirmed":true}`: true, `{"confirmed":"True"}`: true, `"{\"confirmed\":true}"`: true, `{"confirmed":false}`: false, `{"a":true}`: false,
	} {
		call, err := normal.Normalise(contoso, mm.GraphRequest{Method: "POST", Endpoint: "/me/sendMail", Body: json.RawMessage(body)})
		if err != nil || call.Confirmed != want || strings.Contains(string(call.Body), "onfirmed") {
			t.Errorf("%s: %+v, %v", body, call, err)
		}
	}
}

func TestTextOfAnotherTypeIsSentAsIt(t *testing.T) {
	call, err := normal.Normalise(contoso, mm.GraphRequest{Method: "POST", Endpoint: "/me/onenote/pages", Body: json.RawMessage(`"<p>x</p>"`), ContentType: "Text/HTML"})
	if err != nil || string(call.Body) != "<p>x</p>" || call.ContentType != "text/html" {
		t.Errorf("%+v, %v", call, err)
	}
}

func TestHeadersAreThoseOfTheList(t *testing.T) {
	for _, c := range []struct {
		given map[string]string
		want  map[string]string
		why   string
	}{
		{map[string]string{"consistencylevel": " eventual "}, map[string]string{"ConsistencyLevel": "eventual"}, "canonical"},
		{map[string]string{"If-Match": `W/"abc"`, "PREFER": "return=minimal"}, map[string]string{"If-Match": `W/"abc"`, "Prefer": "return=minimal"}, "canonical"},
		{map[string]string{"Prefer": ""}, map[string]string{}, "an empty one is none"},
		{map[string]string{"Authorization": "Bearer x"}, nil, "mm signs in"},
		{map[string]string{"Host": "evil.example"}, nil, "mm chooses the host"},
		{map[string]string{"X-HTTP-Method-Override": "DELETE"}, nil, "the method that is judged is the one that counts"},
		{map[string]string{"Content-Type": "text/plain"}, nil, "it follows from the body"},
		{map[string]string{"If-Match": "a\r\nHost: x"}, nil, "another line"},
		{map[string]string{"If-Match": "ä"}, nil, "not ASCII"},
		{map[string]string{"If-Match\r\nHost": "x"}, nil, "another line in the name"},
		{map[string]string{"Prefer": "a", "prefer": "b"}, nil, "twice"},
		{map[string]string{"Prefer": strings.Repeat("x", 1025)}, nil, "bounded"},
	} {
		call, err := normal.Normalise(contoso, mm.GraphRequest{Endpoint: "/me", Headers: c.given})
		if (err == nil) != (c.want != nil) || cmp.Diff(c.want, call.Headers) != "" {
			t.Errorf("%v (%s): %v, %v", c.given, c.why, call.Headers, err)
		}
	}
}

func TestARequestIsBounded(t *testing.T) {
	for why, r := range map[string]mm.GraphRequest{
		"negative items":             {Endpoint: "/me", MaxItems: -1},
		"too many items":             {Endpoint: "/me", MaxItems: 1_000_001},
		"too many characters":        {Endpoint: "/me", MaxChars: 1 << 30},
		"a negative timeout":         {Endpoint: "/me", Timeout: -1},
		"a timeout of days":          {Endpoint: "/me", Timeout: 3 * mm.MaxTimeout},
		"a long program":             {Endpoint: "/me", JQ: strings.Repeat(".", normal.MaxJQ+1)},
		"all of a POST":              {Endpoint: "/me", Method: "POST", All: true},
		"a page of a POST":           {Method: "POST", Page: host + "/v1.0/me"},
		"a page with a body":         {Page: host + "/v1.0/me", Body: json.RawMessage(`{"a":1}`)},
		"a page of another host":     {Page: "https://evil.example/v1.0/me"},
		"a file in a GET":            {Endpoint: "/me", BodyFile: "a"},
		"a file and a body":          {Endpoint: "/me/photo/$value", Method: "PUT", BodyFile: "a", Body: json.RawMessage(`{"a":1}`)},
		"a file above":               {Endpoint: "/me/photo/$value", Method: "PUT", BodyFile: "a/../../b"},
		"a file with backslashes":    {Endpoint: "/me/photo/$value", Method: "PUT", BodyFile: `..\b`},
		"a file of no type":          {Endpoint: "/me/photo/$value", Method: "PUT", BodyFile: "a", ContentType: "x\r\ny"},
		"a batch from a file":        {Endpoint: "/$batch", Method: "POST", BodyFile: "a"},
		"a mail from a file":         {Endpoint: "/me/sendMail", Method: "POST", BodyFile: "a"},
		"an item's names in a file":  {Endpoint: "/me/drive/items/1", Method: "PATCH", BodyFile: "a"},
		"an answer to a file above":  {Endpoint: "/me", SaveTo: "../a"},
		"an answer to a broken name": {Endpoint: "/me", SaveTo: "a\nb"},
		"an answer to a long name":   {Endpoint: "/me", SaveTo: strings.Repeat("a", 1025)},
	} {
		if call, err := normal.Normalise(contoso, r); err == nil {
			t.Errorf("%s is not refused: %+v", why, call)
		}
	}
	call, err := normal.Normalise(contoso, mm.GraphRequest{Page: host + "/beta/users?$skiptoken=x", Endpoint: "/users", All: true})
	if err != nil || call.URL != host+"/beta/users?$skiptoken=x" || call.MaxItems != mm.DefaultMaxItems || call.MaxChars != mm.DefaultMaxChars || call.Timeout != mm.DefaultTimeout {
		t.Errorf("%+v, %v", call, err)
	}
}
