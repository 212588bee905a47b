package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

func TestSignInsHaveTheirShapes(t *testing.T) {
	account := mm.Account{Username: "a@b.c", TenantID: "t", ObjectID: "o"}
	challenge := &mm.Challenge{UserCode: "ABCD1234", URL: "https://x/y", Message: "m", Account: "a@b.c", ExpiresAt: now.Add(mm.ChallengeLifetime)}
	browser := &mm.Challenge{URL: "https://x/y?a&b", ExpiresAt: now}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"signed in": {EncodeSignInAnswer(mm.AccountStatus{Connection: "C", State: mm.AccountSignedIn, Account: account}, now),
			`{"status":"success","connection":"C","account":"a@b.c","tenant_id":"t"}`},
		"a code": {EncodeSignInAnswer(mm.AccountStatus{Connection: "C", State: mm.AccountSigning, Challenge: challenge}, now),
			`{"status":"auth_required","connection":"C","account":"a@b.c","device_code":"ABCD1234","auth_url":"https://x/y","message":"m",` +
				`"expires_in":900,"expires_at":"2026-11-22T09:15:00.123Z"}`},
		"a browser": {EncodeSignInAnswer(mm.AccountStatus{Connection: "C", State: mm.AccountSigning, Challenge: browser}, now),
			`{"status":"auth_required","connection":"C","auth_url":"https://x/y?a&b","expires_in":0,"expires_at":"2026-11-22T09:00:00.123Z"}`},
		"under way":   {EncodeSignInAnswer(mm.AccountStatus{Connection: "C", State: mm.AccountSigning}, now), `{"status":"auth_required","connection":"C"}`},
		"signed out":  {EncodeSignOutAnswer(true), `{"status":"success","signed_out":true}`},
		"nobody was":  {EncodeSignOutAnswer(false), `{"status":"success","signed_out":false}`},
		"an order":    {EncodeSignIn(mm.SignInOrder{Connection: "C"}), `{"connection":"C"}`},
		"by browser":  {EncodeSignIn(mm.SignInOrder{Connection: "C", Method: mm.Browser}), `{"connection":"C","method":"browser"}`},
		"an address":  {EncodeSignIn(mm.SignInOrder{Connection: "C", Pasted: "http://localhost/?a&b"}), `{"connection":"C","pasted":"http://localhost/?a&b"}`},
		"to sign out": {EncodeSignOut("C"), `{"connection":"C"}`},
		// GET /status needs no token, so a code is not shown there.
		"accounts in the status": {EncodeStatus(mm.PoolStatus{Accounts: []mm.AccountStatus{{Connection: "A", State: mm.AccountSignedIn, Account: account},
			{Connection: "B", State: mm.AccountSigning, Challenge: challenge}, {Connection: "C", State: mm.AccountUnknown}}}),
			`{"sessions":[],"accounts":[{"connection":"A","state":"signed_in","account":"a@b.c","tenant_id":"t"},` +
				`{"connection":"B","state":"signing_in"},{"connection":"C","state":"unknown"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			if string(test.got) != test.want {
				t.Errorf("got  %s\nwant %s", test.got, test.want)
			}
		})
	}
}

func TestSignInsComeOverTheWireAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := mm.SignInOrder{Connection: "C" + words.Draw(t, "connection"), Pasted: rapid.StringN(0, -1, maxPasted).Draw(t, "pasted"),
			Method: rapid.SampledFrom([]mm.SignInMethod{"", mm.DeviceCode, mm.Browser}).Draw(t, "method")}
		if got, err := DecodeSignIn(EncodeSignIn(o)); err != nil || got != o {
			t.Fatalf("%+v, %v", got, err)
		}
		s := mm.AccountStatus{Connection: words.Draw(t, "of"), State: mm.AccountSignedIn, Account: mm.Account{Username: words.Draw(t, "user"), TenantID: words.Draw(t, "tenant")}}
		if rapid.Bool().Draw(t, "under way") {
			s.State, s.Account = mm.AccountSigning, mm.Account{}
			if rapid.Bool().Draw(t, "shown") {
				s.Challenge = &mm.Challenge{UserCode: words.Draw(t, "code"), URL: "h" + words.Draw(t, "url"), Message: words.Draw(t, "message"),
					Account: words.Draw(t, "account"), ExpiresAt: moments.Draw(t, "expires")}
			}
		}
		got, err := DecodeSignInAnswer(EncodeSignInAnswer(s, now))
		if diff := cmp.Diff(s, got, same, cmp.AllowUnexported(mm.Challenge{})); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		name := "C" + words.Draw(t, "name")
		if got, err := DecodeSignOut(EncodeSignOut(name)); err != nil || got != name {
			t.Fatal(got, err)
		}
		was := rapid.Bool().Draw(t, "was")
		if got, err := DecodeSignOutAnswer(EncodeSignOutAnswer(was)); err != nil || got != was {
			t.Fatal(got, err)
		}
		accounts := []mm.AccountStatus{{Connection: words.Draw(t, "one"), State: mm.AccountSignedIn, Account: mm.Account{Username: words.Draw(t, "its user"), TenantID: words.Draw(t, "its tenant")}}}
		status, err := DecodeStatus(EncodeStatus(mm.PoolStatus{Accounts: accounts}))
		if diff := cmp.Diff(accounts, status.Accounts); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

func TestASignInThatCannotBeReadIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		``:                                    "Missing connection",
		`{"method":"browser"}`:                "Missing connection",
		`{"connection":"C","method":"phone"}`: `method: want a string: for /graph GET, POST, PUT, PATCH or DELETE, for /sign-in device_code or browser; got "phone".`,
		`{"connection":"C","pasted":"` + strings.Repeat("x", maxPasted+1) + `"}`: "pasted: want a string of at most 16384 bytes; got 16385 bytes.",
		`[]`: "The body is a JSON array; want an object.",
	} {
		if _, err := DecodeSignIn([]byte(body)); err == nil || err.Code != mm.BadRequest || err.Message != want {
			t.Errorf("%.60s\n got %v\nwant %s", body, err, want)
		}
	}
	for _, body := range []string{``, `{}`, `{"connection":""}`, `[]`, `{"connection":1}`} {
		if _, err := DecodeSignOut([]byte(body)); err == nil || err.Code != mm.BadRequest {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, body := range []string{"", "<html>", "[]", `{"expires_in":"x"}`} {
		if _, err := DecodeSignInAnswer([]byte(body)); err == nil {
			t.Errorf("%q is taken for an answer", body)
		}
	}
}
