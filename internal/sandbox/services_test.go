package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// A graphClient talks to a sandbox's Graph as somebody.
type graphClient struct {
	t     *testing.T
	http  *http.Client
	base  string
	token string
}

// newGraphClient returns a client of Graph with the scopes of an app of Contoso.
func newGraphClient(t *testing.T, s *Sandbox, app, account string) graphClient {
	t.Helper()
	contoso := s.Tenants()[0]
	token, err := s.Entra().IssueTokenFor(contoso.App(app).ID, contoso.ID, account, GraphResource+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	client, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return graphClient{t, client, s.Endpoints().Graph, token}
}

// send makes a request; path may be a whole address. headers are "Name: value".
func (c graphClient) send(method, path string, body any, headers ...string) (*http.Response, string) {
	c.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = c.base + path
	}
	var text []byte
	switch body := body.(type) {
	case nil:
	case []byte:
		text = body
	default:
		text, _ = json.Marshal(body)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if _, binary := body.([]byte); body != nil && !binary {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, string(answer)
}

// object is send with an answer of JSON, whose status must be that.
func (c graphClient) object(status int, method, path string, body any, headers ...string) map[string]any {
	c.t.Helper()
	resp, text := c.send(method, path, body, headers...)
	o := map[string]any{}
	if err := json.Unmarshal([]byte(text), &o); resp.StatusCode != status || err != nil && text != "" {
		c.t.Fatalf("%s %s: %s, %v: %.500s", method, path, resp.Status, err, text)
	}
	return o
}

func values(o map[string]any) []any { list, _ := o["value"].([]any); return list }

func TestGraphAnswersInItsShapes(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "admin@contoso.com")
	for _, x := range []struct {
		method, path string
		body         any
		header       string
		status       int
		want         string // in the answer
	}{
		{"GET", "/v1.0/me", nil, "", 200, `"userPrincipalName":"admin@contoso.com"`},
		{"GET", "/beta/me", nil, "", 200, `/beta/$metadata#users/$entity"`},
		{"GET", "/v1.0/me?$select=mail", nil, "", 200, `"mail":"admin@contoso.com"}`},
		{"GET", "/v1.0/users?$filter=startswith(displayName,'A')&$orderby=displayName desc&$top=1", nil, "", 200, `"displayName":"Alex Wilber"`},
		{"GET", "/v1.0/users('adele@contoso.com')", nil, "", 200, `"displayName":"Adele Vance"`},
		{"GET", "/v1.0/users/nobody@contoso.com", nil, "", 404, `"code":"Request_ResourceNotFound"`},
		{"GET", "/v1.0/users?$search=\"displayName:casey\"", nil, "", 400, `Request_UnsupportedQuery`},
		{"GET", "/v1.0/users?$search=\"displayName:casey\"&$count=true", nil, "ConsistencyLevel: eventual", 200, `"@odata.count":1`},
		{"GET", "/v1.0/users/$count", nil, "ConsistencyLevel: eventual", 200, `8`},
		{"GET", "/v1.0/users?$top=1000", nil, "", 400, `Invalid page size`},
		{"GET", "/v1.0/users?$filter=displayName like 'x'", nil, "", 400, `'like' is not expected`},
		{"GET", "/v1.0/users?$expand=manager", nil, "", 400, `to expand`},
		{"GET", "/v1.0/nothing", nil, "", 400, `Resource not found for the segment 'nothing'.`},
		{"GET", "/v2.0/me", nil, "", 400, `Invalid version: v2.0`},
		{"PUT", "/v1.0/me", nil, "", 405, `not allowed`},
		{"GET", "/v1.0/me/photo/$value", nil, "", 200, "\x89PNG"},
		{"GET", "/v1.0/organization", nil, "", 200, `"displayName":"Contoso"`},
		{"GET", "/v1.0/me/mailFolders/Inbox/messages?$filter=isRead eq false and importance eq 'high'&$count=true", nil, "", 200, `"@odata.count":2`},
		{"GET", "/v1.0/me/mailFolders", nil, "", 200, `"displayName":"Sent Items"`},
		{"GET", "/v1.0/me/messages/nothing", nil, "", 404, `"code":"ErrorItemNotFound"`},
		{"GET", "/v1.0/me/calendarView", nil, "", 400, `StartDateTime`},
		{"GET", "/v1.0/me/calendarView?startDateTime=2000-01-01T00:00:00Z&endDateTime=2100-01-01&$count=true", nil, "", 200, `"@odata.count":30`},
		{"POST", "/v1.0/me/events", map[string]any{"subject": "x"}, "", 400, `start is missing`},
		{"GET", "/v1.0/me/drive", nil, "", 200, `"driveType":"business"`},
		{"GET", "/v1.0/me/drive/root/children", nil, "", 200, `"name":"Notes.txt"`},
		{"GET", "/v1.0/me/drive/root:/Reports:/children?$top=2", nil, "", 200, `$skiptoken=`},
		{"GET", "/v1.0/me/drive/root:/Reports/Report%2003.txt", nil, "", 200, `"@microsoft.graph.downloadUrl":"https://localhost:`},
		{"GET", "/v1.0/me/drive/root:/nothing.txt", nil, "", 404, `"code":"itemNotFound"`},
		{"GET", "/v1.0/me/drive/root/search(q='report')?$top=1", nil, "", 200, `"name":"Reports"`},
		{"POST", "/v1.0/me/drive/root/children", map[string]any{"name": "Reports", "folder": map[string]any{}}, "", 409, `nameAlreadyExists`},
		{"GET", "/v1.0/sites/root", nil, "", 200, `"displayName":"Contoso"`},
		{"GET", "/v1.0/sites/contoso.sharepoint.com:/sites/finance:/lists", nil, "", 200, `"displayName":"Tasks"`},
		{"GET", "/v1.0/sites/contoso.sharepoint.com:/sites/finance", nil, "", 200, `"displayName":"Finance"`},
		{"GET", "/v1.0/sites/root/lists/archive/items?$top=1&$count=true", nil, "", 200, `"@odata.count":100000`},
		{"GET", "/v1.0/sites/root/lists/archive/items?$expand=fields&$filter=fields/Number eq 77777", nil, "", 200, `"Title":"Document 77777"`},
		{"GET", "/v1.0/groups?$filter=groupTypes/any(g:g eq 'Unified')&$select=displayName", nil, "", 200, `"displayName":"Project Falcon"`},
		{"GET", "/v1.0/me/joinedTeams", nil, "", 200, `"displayName":"Coffee Corner"`},
		{"GET", "/v1.0/me/chats", nil, "", 200, `"chatType":"oneOnOne"`},
		{"POST", "/v1.0/$batch", map[string]any{"requests": []any{}}, "", 400, `Invalid batch payload`},
	} {
		path := strings.ReplaceAll(strings.ReplaceAll(x.path, " ", "%20"), `"`, "%22")
		resp, text := c.send(x.method, path, x.body, x.header)
		if resp.StatusCode != x.status || !strings.Contains(text, x.want) {
			t.Errorf("%s %s: got %d %.400s, want %d with %s", x.method, x.path, resp.StatusCode, text, x.status, x.want)
		}
		if resp.Header.Get("Request-Id") == "" || resp.StatusCode >= 400 && !strings.Contains(text, `"innerError":{`) {
			t.Errorf("%s %s: no request id", x.method, x.path)
		}
	}
}

func TestGraphTakesOnlyTokensThatAreForIt(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	other, err := s.Entra().IssueToken("contoso.com", "adele@contoso.com", AzureResource)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(c.token, ".")
	forged, _ := lookalikeJWT(Claims{Audience: GraphResource, Expires: 1 << 40, Scope: "Mail.Send"})
	for name, token := range map[string]string{"none": "", "another audience": other, "no JWT": "x", "a changed one": parts[0] + "." + parts[1] + ".AAAA",
		"a forged one": forged} {
		resp, text := c.send("GET", "/v1.0/me", nil, "Authorization: "+strings.TrimSuffix("Bearer "+token, " "))
		if resp.StatusCode != 401 || !strings.Contains(text, "InvalidAuthenticationToken") || !strings.Contains(resp.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
	limited := newGraphClient(t, s, directory.LimitedApp, "adele@contoso.com")
	mail := map[string]any{"message": map[string]any{"subject": "x", "toRecipients": []any{map[string]any{"emailAddress": map[string]any{"address": "a@b.c"}}}}}
	if resp, text := limited.send("POST", "/v1.0/me/sendMail", mail); resp.StatusCode != 403 || !strings.Contains(text, "ErrorAccessDenied") {
		t.Errorf("without Mail.Send: %d %s", resp.StatusCode, text)
	}
	if resp, text := c.send("POST", "/v1.0/me/sendMail", mail); resp.StatusCode != 202 || text != "" {
		t.Errorf("with Mail.Send: %d %s", resp.StatusCode, text)
	}
	sent := s.Sent()
	if len(sent) != 1 || sent[0].Kind != "sendMail" || sent[0].Account != "adele@contoso.com" || !strings.Contains(string(sent[0].Body), `"a@b.c"`) {
		t.Errorf("sent: %+v", sent)
	}
}

func TestATokenFromBeforeARevocationIsChallenged(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	s.entra.mu.Lock()
	s.entra.revoked["adele@contoso.com"] = time.Now().Add(2 * time.Second) // as if the token were older: it tells seconds only
	s.entra.mu.Unlock()
	if resp, text := c.send("GET", "/v1.0/me", nil); resp.StatusCode != 401 || !strings.Contains(text, "TokenIssuedBeforeRevocationTimestamp") {
		t.Errorf("got %d %s", resp.StatusCode, text)
	}
	alex := newGraphClient(t, s, directory.FullApp, "alex@contoso.com")
	alex.object(200, "POST", "/v1.0/me/revokeSignInSessions", nil)
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	if s.entra.revoked["alex@contoso.com"].IsZero() {
		t.Error("revokeSignInSessions did nothing")
	}
}

func TestMailGoesFromDraftToSent(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	to := []any{map[string]any{"emailAddress": map[string]any{"address": "alex@contoso.com"}}}
	draft := c.object(201, "POST", "/v1.0/me/messages", map[string]any{"subject": "Hello", "body": map[string]any{"contentType": "text", "content": "a  b"}})
	id, etag := draft["id"].(string), draft["@odata.etag"].(string)
	if draft["isDraft"] != true || draft["bodyPreview"] != "a b" {
		t.Errorf("draft: %v", draft)
	}
	c.object(400, "POST", "/v1.0/me/messages/"+id+"/send", nil) // to nobody
	c.object(412, "PATCH", "/v1.0/me/messages/"+id, map[string]any{"subject": "x"}, `If-Match: W/"0"`)
	c.object(200, "PATCH", "/v1.0/me/messages/"+id, map[string]any{"toRecipients": to}, "If-Match: "+etag)
	c.object(202, "POST", "/v1.0/me/messages/"+id+"/send", nil)
	if got := values(c.object(200, "GET", "/v1.0/me/mailFolders/sentItems/messages", nil)); len(got) != 1 {
		t.Errorf("sent items: %v", got)
	}
	inbox := values(c.object(200, "GET", "/v1.0/me/mailFolders/inbox/messages?$top=1", nil))
	first := inbox[0].(map[string]any)["id"].(string)
	c.object(202, "POST", "/v1.0/me/messages/"+first+"/reply", map[string]any{"comment": "Thanks"})
	c.object(202, "POST", "/v1.0/me/messages/"+first+"/microsoft.graph.forward", map[string]any{"toRecipients": to})
	c.object(201, "POST", "/v1.0/me/messages/"+first+"/createReply", nil)
	c.object(201, "POST", "/v1.0/me/messages/"+first+"/move", map[string]any{"destinationId": "archive"})
	c.object(204, "DELETE", "/v1.0/me/messages/"+first, nil)
	c.object(404, "GET", "/v1.0/me/messages/"+first, nil)
	var kinds []string
	for _, sent := range s.Sent() {
		kinds = append(kinds, sent.Kind)
	}
	if !slices.Equal(kinds, []string{"sendMail", "reply", "forward"}) {
		t.Errorf("sent: %v", kinds)
	}
}

func TestListsAreReadPageByPageAndDeltaTellsTheRest(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	read := func(address string) (all []any, last map[string]any) {
		for {
			last = c.object(200, "GET", address, nil)
			all = append(all, values(last)...)
			next, more := last["@odata.nextLink"].(string)
			if !more {
				return all, last
			}
			if !strings.HasPrefix(next, c.base+"/") {
				t.Fatalf("the continuation %s is elsewhere", next)
			}
			address = next
		}
	}
	if all, _ := read("/v1.0/me/mailFolders/inbox/messages?$top=25&$select=subject"); len(all) != 60 {
		t.Errorf("inbox: %d", len(all))
	}
	if all, _ := read("/v1.0/sites/root/lists/archive/items?$top=5000"); len(all) != 100_000 {
		t.Errorf("archive: %d", len(all))
	}
	all, last := read("/v1.0/me/mailFolders/inbox/messages/delta")
	id := all[0].(map[string]any)["id"].(string)
	c.object(204, "DELETE", "/v1.0/me/messages/"+id, nil)
	c.object(200, "PATCH", "/v1.0/me/messages/"+all[1].(map[string]any)["id"].(string), map[string]any{"isRead": true})
	changed, again := read(last["@odata.deltaLink"].(string))
	if len(changed) != 2 || changed[1].(map[string]any)["@removed"] == nil || changed[1].(map[string]any)["id"] != id {
		t.Errorf("changed: %v", changed)
	}
	if none, _ := read(again["@odata.deltaLink"].(string)); len(none) != 0 {
		t.Errorf("changed again: %v", none)
	}
}

func TestFilesGoUpAndDown(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	c.object(201, "PUT", "/v1.0/me/drive/root:/Docs.bin:/content", []byte("\x00\x01small"), "Content-Type: application/octet-stream")
	if _, text := c.send("GET", "/v1.0/me/drive/root:/Docs.bin:/content", nil); text != "\x00\x01small" {
		t.Errorf("content: %q", text)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 45_000) // 720,000 bytes: three chunks
	session := c.object(200, "POST", "/v1.0/me/drive/root:/Reports/big.dat:/createUploadSession", map[string]any{})
	address := session["uploadUrl"].(string)
	const chunk = 327_680
	put := func(from, to int) (int, string) {
		resp, text := c.send("PUT", address, big[from:to], "Authorization: ", fmt.Sprintf("Content-Range: bytes %d-%d/%d", from, to-1, len(big)))
		return resp.StatusCode, text
	}
	if status, _ := put(0, 1000); status != 400 {
		t.Errorf("a chunk of 1000 bytes: %d", status)
	}
	if status, text := put(0, chunk); status != 202 || !strings.Contains(text, `"327680-"`) {
		t.Errorf("the first chunk: %d %s", status, text)
	}
	if status, _ := put(0, chunk); status != 416 {
		t.Errorf("the first chunk again: %d", status)
	}
	if resp, _ := c.send("GET", address, nil); resp.StatusCode != 401 {
		t.Errorf("with a token: %s", resp.Status)
	}
	if status, _ := put(chunk, 2*chunk); status != 202 {
		t.Errorf("the second chunk: %d", status)
	}
	if status, text := put(2*chunk, len(big)); status != 201 || !strings.Contains(text, `"size":720000`) {
		t.Errorf("the last chunk: %d %s", status, text)
	}
	if _, text := c.send("GET", "/v1.0/me/drive/root:/Reports/big.dat:/content", nil); text != string(big) {
		t.Errorf("the content has %d bytes", len(text))
	}
}

func TestABatchAnswersEachPartByItsID(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	if err := s.Switchboard().Set("Contoso-GA:graph/GET users", Fault{Kind: FaultHTTP(429), Seconds: 3, Times: 1}); err != nil {
		t.Fatal(err)
	}
	o := c.object(200, "POST", "/v1.0/$batch", map[string]any{"requests": []any{
		map[string]any{"id": "a", "method": "GET", "url": "/me"},
		map[string]any{"id": "b", "method": "GET", "url": "/users"},
		map[string]any{"id": "c", "method": "GET", "url": "/groups", "dependsOn": []any{"b"}},
		map[string]any{"id": "d", "method": "GET", "url": "/me/photo/$value"},
	}})
	got := map[string]map[string]any{}
	for _, r := range o["responses"].([]any) {
		r := r.(map[string]any)
		got[r["id"].(string)] = r
	}
	for id, want := range map[string]float64{"a": 200, "b": 429, "c": 424, "d": 200} {
		if got[id]["status"] != want {
			t.Errorf("%s: %v", id, got[id])
		}
	}
	if h := got["b"]["headers"].(map[string]any); h["Retry-After"] != "3" {
		t.Errorf("headers of the part that is throttled: %v", h)
	}
	if b, _ := got["d"]["body"].(string); !strings.HasPrefix(b, "iVBORw0KGgo") {
		t.Errorf("the photo: %v", got["d"]["body"])
	}
}

func TestTheSwitchboardBreaksGraphAndFlow(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	for _, x := range []struct {
		target string
		fault  Fault
		want   string // status, or what reading the answer fails with
	}{
		{"graph/*", Fault{Kind: FaultHTTP(503)}, "503"},
		{"graph/GET", Fault{Kind: FaultHTTP(429), Seconds: 7}, "429 after 7"},
		{"graph/POST", Fault{Kind: FaultHTTP(503)}, "200"},
		{"graph/me/messages", Fault{Kind: FaultHTTP(404)}, "404"},
		{"graph/me/*", Fault{Kind: FaultHTTP(502)}, "502"},
		{"Contoso-GA:graph/get ME/messages", Fault{Kind: FaultExpired}, "401"},
		{"Fabrikam-GA:graph/*", Fault{Kind: FaultExpired}, "200"},
		{"graph/*", Fault{Kind: FaultClaims}, "401"},
		{"graph/*", Fault{Kind: FaultReset}, "INTERNAL_ERROR"},
		{"graph/*", Fault{Kind: FaultCut}, "INTERNAL_ERROR"},
		{"graph/*", Fault{Kind: FaultStall, Seconds: 0.01}, "INTERNAL_ERROR"},
		{"graph/*", Fault{Kind: FaultGarbage}, "200 <html>"},
		{"graph/*", Fault{Kind: FaultEmpty}, "200"},
		{"graph/*", Fault{Kind: FaultSlow, Seconds: 0.01}, "200"},
	} {
		if err := s.Switchboard().Set(x.target, x.fault); err != nil {
			t.Fatal(err)
		}
		if got := outcome(t, c, "/v1.0/me/messages"); !strings.Contains(got, x.want) {
			t.Errorf("%s %+v: got %s, want %s", x.target, x.fault, got, x.want)
		}
		if err := s.Switchboard().Clear(); err != nil {
			t.Fatal(err)
		}
	}
}

// outcome says how a GET ends.
func outcome(t *testing.T, c graphClient, path string) string {
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(r)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d after %s %.6s", resp.StatusCode, resp.Header.Get("Retry-After"), text) + fmt.Sprintf(" %d %.6s", resp.StatusCode, text)
}

func TestPowerAutomateHasFlowsAndRuns(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Options{})
	contoso := s.Tenants()[0]
	c := newGraphClient(t, s, directory.FullApp, "adele@contoso.com")
	const version = "?api-version=2016-11-01"
	c.base = s.Endpoints().Flow + "/providers/Microsoft.ProcessSimple"
	c.object(401, "GET", "/environments"+version, nil) // Graph's token
	var err error
	if c.token, err = s.Entra().IssueTokenFor(contoso.AppID(), contoso.ID, "adele@contoso.com", FlowResource+"/.default"); err != nil {
		t.Fatal(err)
	}
	c.object(400, "GET", "/environments", nil)
	environment := values(c.object(200, "GET", "/environments"+version, nil))[0].(map[string]any)["name"].(string)
	flows := values(c.object(200, "GET", "/environments/"+environment+"/flows"+version, nil))
	flow := "/environments/" + environment + "/flows/" + flows[0].(map[string]any)["name"].(string)
	runs, address := 0, flow+"/runs"+version
	for address != "" {
		page := c.object(200, "GET", address, nil)
		runs += len(values(page))
		address, _ = page["nextLink"].(string)
	}
	if len(flows) != 3 || runs != 150 {
		t.Errorf("%d flows, %d runs", len(flows), runs)
	}
	c.object(404, "GET", "/environments/"+environment+"/flows/nothing"+version, nil)
	c.object(202, "POST", flow+"/triggers/manual/run"+version, map[string]any{"a": 1})
	if sent := s.Sent(); len(sent) != 1 || sent[0].Kind != "run" || string(sent[0].Body) != `{"a":1}` {
		t.Errorf("sent: %+v", sent)
	}
}
