package session

import (
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestTheDeviceCodeIsFoundInEveryModulesPrompt(t *testing.T) {
	const page = "https://microsoft.com/devicelogin"
	sandbox := mm.Connection{Cloud: "sandbox", Sandbox: &mm.SandboxEndpoints{Authority: "http://127.0.0.1:4711"}}
	for _, c := range []struct {
		why, text  string
		connection mm.Connection
		code, url  string
	}{
		{"exo", "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCD12345 to authenticate.", mm.Connection{}, "ABCD12345", page},
		{"azure, underlined", "[Login to Azure] To sign in, open the page https://microsoft.com/devicelogin and enter the code \x1b[4mABCD1234\x1b[24m to authenticate.", mm.Connection{}, "ABCD1234", page},
		{"pnp", "Open a browser, navigate to https://microsoft.com/devicelogin and authenticate using code ABCD12345 to proceed.", mm.Connection{}, "ABCD12345", page},
		{"a colon", "Code: ABCD12345", mm.Connection{}, "ABCD12345", page},
		{"the longest", "code ABCDEF1234", mm.Connection{}, "ABCDEF1234", page},
		{"among other lines", "hello\nenter the code ABCD12345 now\nbye", mm.Connection{}, "ABCD12345", page},
		{"another of Microsoft's pages", "go to https://login.microsoftonline.us/common/oauth2/deviceauth. Enter the code ABCD12345", mm.Connection{}, "ABCD12345", "https://login.microsoftonline.us/common/oauth2/deviceauth"},
		{"somebody else's page", "open https://evil.example/devicelogin and enter the code ABCD12345", mm.Connection{}, "ABCD12345", page},
		{"a page that only looks like Microsoft's", "open https://microsoft.com@evil.example/ and enter the code ABCD12345", mm.Connection{}, "ABCD12345", page},
		{"the sandbox's page", "open http://127.0.0.1:4711/devicelogin and enter the code ABCD12345", sandbox, "ABCD12345", "http://127.0.0.1:4711/devicelogin"},
		{"the sandbox's page for a real connection", "open http://127.0.0.1:4711/devicelogin and enter the code ABCD12345", mm.Connection{}, "ABCD12345", page},
		{"another port than the sandbox's", "open http://127.0.0.1:47110/devicelogin and enter the code ABCD12345", sandbox, "ABCD12345", page},
		{"no code: a word", "Enter the code displayed on the page", mm.Connection{}, "", ""},
		{"no code: too short", "error code ABC1234", mm.Connection{}, "", ""},
		{"no code: too long", "code ABCDEF12345", mm.Connection{}, "", ""},
		{"no code: part of a word", "barcode ABCD12345", mm.Connection{}, "", ""},
		{"nothing", "", mm.Connection{}, "", ""},
	} {
		p, ok := findPrompt(plain(c.text), c.connection)
		if ok != (c.code != "") || p.code != c.code || p.url != c.url {
			t.Errorf("%s: %+v", c.why, p)
		}
	}
}

func TestTerminalSequencesAreRemoved(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "\x1b[31;1mred\x1b[0m": "red", "\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b[?25lhidden": "hidden", "\x1b[38:2:1:2:3mrgb": "rgb", "tail\x1b": "tail\x1b",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
