package contracttest

import (
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func graphFirstCode(t *testing.T, v visitor) {
	first := v.graphCode(GraphAsk{Endpoint: "/me"})
	again := v.graphCode(GraphAsk{Endpoint: "/environments", Resource: flow})
	if first.AuthURL != v.LoginURL || again.DeviceCode != first.DeviceCode {
		t.Errorf("address %s, codes %s and %s", first.AuthURL, first.DeviceCode, again.DeviceCode)
	}
	if v.Kind()&HTTP == 0 {
		return
	}
	golden := fmt.Sprintf(`{"status":"auth_required","device_code":"<code>","auth_url":%q,"message":"<text>","expires_in":"<left>"}`, v.LoginURL)
	if err := Shape(golden, first.Body); err != nil || first.HTTPStatus != 200 {
		t.Errorf("HTTP status %d, %v", first.HTTPStatus, err)
	}
}

func graphCodeInWords(t *testing.T, v visitor) {
	for resource, tool := range map[string]string{"": "Tool: Graph API", "graph": "Tool: Graph API", flow: "Tool: Power Automate (flow)"} {
		s := v.graphCode(GraphAsk{Endpoint: "/me", Resource: resource})
		want := "**DEVICE CODE: " + s.DeviceCode + "**\n" +
			"Go to: " + v.LoginURL + "\n" +
			"\n" +
			"Connection: " + v.connection + "\n" +
			"**Sign in as: " + v.Account(v.connection) + "**\n" +
			tool + "\n" +
			"\n" +
			"After authenticating, retry the command."
		more, ok := strings.CutPrefix(s.Text, want)
		if !ok || more != "" && !strings.HasPrefix(more, "\n\n") {
			t.Errorf("%q:\n got %q\nwant %q", resource, s.Text, want)
		}
	}
}

func oneSignIn(t *testing.T, v visitor) {
	v.account()
	v.everythingAnswers()
	if a := v.pool().accountStatus(v.connection); a.Account.Username != v.Account(v.connection) {
		t.Errorf("account %+v", a)
	}
}

// everythingAnswers fails where something asks for another sign-in.
func (v visitor) everythingAnswers() {
	v.t.Helper()
	for _, resource := range []string{"", flow} {
		endpoint := map[string]string{"": "/me", flow: "/providers/Microsoft.ProcessSimple/environments?api-version=2016-11-01"}[resource]
		if s := v.graph(GraphAsk{Endpoint: endpoint, Resource: resource}); s.Status != mm.StatusSuccess {
			v.t.Errorf("%s: %s %q", endpoint, s.Status, s.Text)
		}
	}
	for _, m := range mm.Modules() {
		s := v.send(Ask{Connection: v.connection, Module: string(m), Command: `'hello'`})
		if s.Status == mm.StatusAuthRequired {
			v.t.Errorf("%s asks for another sign-in", m)
			continue
		}
		v.succeeded(s, "hello")
	}
}

func signInByCommand(_ *testing.T, v visitor) {
	s := v.code(v.exo(`1`))
	v.approve(v.session(mm.Exchange), s.DeviceCode, v.Account(v.connection))
	v.until(v.session(mm.Exchange), mm.StateAuthenticated)
	v.everythingAnswers()
}

func graphWrongAccount(t *testing.T, v visitor) {
	first := v.graphCode(GraphAsk{Endpoint: "/me"})
	if err := v.SignIn(first.DeviceCode, v.Stranger(v.connection)); err != nil {
		t.Fatal(err)
	}
	v.pool().untilAccount(v.connection, mm.AccountUnknown)
	s := v.get("/me")
	v.failed(s, mm.WrongAccount, mm.ExecutedNo)
	if !strings.HasPrefix(s.Text, wrongIdentity) {
		t.Errorf("%q", s.Text)
	}
	if again := v.graphCode(GraphAsk{Endpoint: "/me"}); again.DeviceCode == first.DeviceCode {
		t.Error("the used code is shown again")
	}
}

func graphSignOut(t *testing.T, v visitor) {
	v.account()
	if was, err := v.Admin.SignOut(t.Context(), v.connection); !was || err != nil {
		t.Errorf("sign-out: %t, %v", was, err)
	}
	v.graphCode(GraphAsk{Endpoint: "/me"})
}

func graphToken(_ *testing.T, v visitor) {
	const unauthorized = `{"status":"error","error":"<text>","code":"unauthorized","remedy":"<text>","executed":"no"}`
	body := GraphAsk{Connection: v.connection, Endpoint: "/me"}.JSON()
	for _, header := range []string{"", "Bearer wrong"} {
		r := v.http("POST", "/graph", body, "Authorization", header)
		if err := Shape(unauthorized, r.Body); err != nil || r.Status != 401 {
			v.t.Errorf("%q: HTTP status %d, %v", header, r.Status, err)
		}
	}
	for _, path := range []string{"/sign-in", "/sign-out"} {
		v.shaped(403, `{"status":"error","error":"<text>","code":"not_enabled","remedy":"<text>","executed":"no"}`, "POST", path,
			fmt.Sprintf(`{"connection":%q}`, v.connection))
	}
	v.shaped(200, `{"sessions":[]}`, "GET", "/status", "") // nobody began a sign-in
	v.graphCode(GraphAsk{Endpoint: "/me"})
}

func signInShapes(t *testing.T, v visitor) {
	body, account := fmt.Sprintf(`{"connection":%q}`, v.connection), v.Account(v.connection)
	v.shaped(200, `{"status":"success","signed_out":false}`, "POST", "/sign-out", body)
	golden := fmt.Sprintf(`{"status":"auth_required","connection":%q,"account":%q,"device_code":"<code>","auth_url":%q,"message":"<text>",`+
		`"expires_in":"<left>","expires_at":"<time>"}`, v.connection, account, v.LoginURL)
	r := v.http("POST", "/sign-in", body)
	if err := Shape(golden, r.Body); err != nil || r.Status != 200 {
		t.Fatalf("HTTP status %d, %v", r.Status, err)
	}
	// The code of a sign-in is for whoever asks for it; GET /status needs no token.
	v.shaped(200, fmt.Sprintf(`{"sessions":[],"accounts":[{"connection":%q,"state":"signing_in"}]}`, v.connection), "GET", "/status", "")
	v.account()
	signedIn := fmt.Sprintf(`"account":%q,"tenant_id":"<text>"}`, account)
	v.shaped(200, fmt.Sprintf(`{"status":"success","connection":%q,`, v.connection)+signedIn, "POST", "/sign-in", body)
	v.shaped(200, fmt.Sprintf(`{"sessions":[],"accounts":[{"connection":%q,"state":"signed_in",`, v.connection)+signedIn+`]}`, "GET", "/status", "")
	v.shaped(200, `{"status":"success","signed_out":true}`, "POST", "/sign-out", body)
	if s := v.graph(GraphAsk{Endpoint: "/me"}); s.Status != mm.StatusAuthRequired {
		t.Errorf("after the sign-out: %s %q", s.Status, s.Text)
	}
}
