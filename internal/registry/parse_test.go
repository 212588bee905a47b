package registry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

const tenantID = "11111111-2222-3333-4444-555555555555"

func TestAConnectionIsReadWithAllThatItSays(t *testing.T) {
	got, notes, broken := parse([]byte(`{
		"connections": {
			"Contoso-GA": {
				"appId": "app", "tenant": "contoso.com", "tenantId": "` + tenantID + `", "expectedEmail": " admin@contoso.com ",
				"description": "Contoso", "mcps": ["mm", ""], "skipSignatureStrip": "True", "skipSendGuards": false,
				"moduleApps": {"EXO": "exo-app", "pnp": null}, "sharepoint_host": "contosoteam", "cloud": "public",
				"comment": {"anything": [1, 2]}
			},
			"Gone": null
		},
		"_knownModuleApps": {"teams": "teams-app"}, "version": 3
	}`))
	if broken != nil || notes != nil {
		t.Fatalf("notes %q, fault %+v", notes, broken)
	}
	want := map[string]mm.Connection{"Contoso-GA": {
		Name: "Contoso-GA", AppID: "app", Tenant: "contoso.com", TenantID: tenantID, ExpectedEmail: "admin@contoso.com",
		Description: "Contoso", MCPs: []string{"mm"}, SkipSignatureStrip: true, ModuleApps: map[string]string{"exo": "exo-app"},
		SharePointHost: "contosoteam", Cloud: "public", KnownModuleApps: map[string]string{"teams": "teams-app"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsAreTakenAsPeopleWriteThem(t *testing.T) {
	for name, test := range map[string]struct {
		fields string
		want   mm.Connection
	}{
		"nothing at all":                  {``, mm.Connection{}},
		"mcps as one string":              {`"mcps": "mm"`, mm.Connection{MCPs: []string{"mm"}}},
		"mcps empty means all":            {`"mcps": []`, mm.Connection{}},
		"mcps as an empty string":         {`"mcps": ""`, mm.Connection{}},
		"null counts as absent":           {`"tenant": null, "mcps": null, "moduleApps": null`, mm.Connection{}},
		"yes is true":                     {`"skipSendGuards": "yes"`, mm.Connection{SkipSendGuards: true}},
		"an empty string is false":        {`"skipSendGuards": ""`, mm.Connection{}},
		"the host comes from the domain":  {`"tenant": "fabrikam.onmicrosoft.com"`, mm.Connection{Tenant: "fabrikam.onmicrosoft.com", SharePointHost: "fabrikam"}},
		"a tenant id gives no host":       {`"tenant": "` + tenantID + `"`, mm.Connection{Tenant: tenantID}},
		"a name without dots is no host":  {`"tenant": "contoso"`, mm.Connection{Tenant: "contoso"}},
		"the last of two fields counts":   {`"appId": "a", "appId": "b"`, mm.Connection{AppID: "b"}},
		"a domain beside its tenant id":   {`"tenant": "c.com", "tenantId": "` + tenantID + `"`, mm.Connection{Tenant: "c.com", TenantID: tenantID, SharePointHost: "c", SharePointGuessed: true}},
		"a sandbox elsewhere is not kept": {`"sandbox": {"authority": "http://x"}`, mm.Connection{}},
		"a sandbox": {`"cloud": "sandbox", "sandbox": {"authority": "http://127.0.0.1:4", "dir": "/d"}`,
			mm.Connection{Cloud: "sandbox", Sandbox: &mm.SandboxEndpoints{Authority: "http://127.0.0.1:4", Dir: "/d"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, notes, broken := parse([]byte(`{"connections": {"A": {` + test.fields + `}}}`))
			if broken != nil || notes != nil {
				t.Fatalf("notes %q, fault %+v", notes, broken)
			}
			test.want.Name = "A"
			if diff := cmp.Diff(map[string]mm.Connection{"A": test.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsWrongIsNamedWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a missing comma":        {"{\n \"connections\": {\n  \"Ä\": {} \"B\": {}}}", "line 3, column 11: invalid character '\"' after object key:value pair"},
		"cut off":                {"{\"connections\": {\n", "line 2, column 1: unexpected end of JSON input"},
		"empty":                  {"", "line 1, column 1: unexpected end of JSON input"},
		"a second value":         {"{}\n{}", "line 2, column 1: invalid character '{' after top-level value"},
		"a list":                 {" [1]", "line 1, column 2: want an object with the member connections, got a list"},
		"connections as a list":  {`{"connections": []}`, "line 1, column 17: connections: want an object, got a list"},
		"a connection as text":   {"{\"connections\": {\"X\":\n\t\"x\"}}", "line 2, column 2: connections.X: want an object, got a string"},
		"a tenant as a number":   {`{"connections": {"X": {"tenant" : 5}}}`, "line 1, column 35: connections.X.tenant: want a string, got a number"},
		"mcps as a number":       {`{"connections": {"X": {"mcps": 1}}}`, "connections.X.mcps: want a list of strings, got a number"},
		"mcps of numbers":        {`{"connections": {"X": {"mcps": ["a", 1]}}}`, "line 1, column 38: connections.X.mcps[1]: want a string, got a number"},
		"a flag as a number":     {`{"connections": {"X": {"skipSendGuards": 1}}}`, "connections.X.skipSendGuards: want true or false, got a number"},
		"a flag as other text":   {`{"connections": {"X": {"skipSendGuards": "perhaps"}}}`, `connections.X.skipSendGuards: want true or false, got "perhaps"`},
		"apps as text":           {`{"connections": {"X": {"moduleApps": "a"}}}`, "connections.X.moduleApps: want an object of app ids by module, got a string"},
		"an app as a list":       {`{"_knownModuleApps": {"exo": []}}`, "line 1, column 30: _knownModuleApps.exo: want a string, got a list"},
		"a sandbox as text":      {`{"connections": {"X": {"cloud": "sandbox", "sandbox": "s"}}}`, "connections.X.sandbox: want an object, got a string"},
		"an authority as number": {`{"connections": {"X": {"cloud": "sandbox", "sandbox": {"authority": 1}}}}`, "connections.X.sandbox.authority: want a string, got a number"},
		"UTF-16":                 {"\xff\xfe{\x00}\x00", "line 1, column 1: the text is UTF-16; save it as UTF-8"},
		"nested without end":     {strings.Repeat("[", 100_000), "exceeded max depth"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, broken := parse([]byte(test.text))
			if broken == nil {
				t.Fatal("it was accepted")
			}
			if got := broken.describe([]byte(test.text)); !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestOneConnectionThatCannotBeUsedIsLeftOutWithANote(t *testing.T) {
	for name, test := range map[string]struct{ member, note string }{
		"a slash in the name":    {`"a/b": {}`, "mm connections rename \"a/b\" \"a-b\"`"},
		"a leading dot":          {`".hidden": {}`, "mm connections rename \".hidden\" \"hidden\"`"},
		"an empty name":          {`"": {}`, "mm connections rename \"\" \"NEW-NAME\"`"},
		"a name too long":        {`"` + strings.Repeat("x", 65) + `": {}`, `"` + strings.Repeat("x", 64) + "\"`"},
		"another case":           {`"good": {}`, `differs from "Good" only in case`},
		"an unknown cloud":       {`"U": {"cloud": "mars"}`, `its cloud "mars" is none of public, usgov`},
		"a sandbox without end":  {`"S": {"cloud": "sandbox"}`, "needs a sandbox.authority on this machine"},
		"an unknown sign-in":     {`"U": {"signIn": "sometimes"}`, `its signIn "sometimes" is neither`},
		"a graph elsewhere":      {`"S": {"cloud": "sandbox", "sandbox": {"authority": "http://127.0.0.1:1", "graph": "https://graph.example"}}`, "on this machine"},
		"a sandbox elsewhere":    {`"S": {"cloud": "sandbox", "sandbox": {"authority": "http://10.0.0.1"}}`, "on this machine"},
		"a sandbox by its user":  {`"S": {"cloud": "sandbox", "sandbox": {"authority": "http://127.0.0.1@evil.example"}}`, "on this machine"},
		"a sandbox by its label": {`"S": {"cloud": "sandbox", "sandbox": {"authority": "http://127.0.0.1.evil.example"}}`, "on this machine"},
		"a sandbox as a file":    {`"S": {"cloud": "sandbox", "sandbox": {"authority": "file://localhost/etc"}}`, "on this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			got, notes, broken := parse([]byte(`{"connections": {"Good": {}, ` + test.member + `}}`))
			if broken != nil {
				t.Fatalf("%+v", broken)
			}
			if diff := cmp.Diff(map[string]mm.Connection{"Good": {Name: "Good"}}, got); diff != "" {
				t.Error(diff)
			}
			if len(notes) != 1 || !strings.Contains(notes[0], test.note) || !strings.HasSuffix(notes[0], ".") {
				t.Errorf("notes %q, want one with %s", notes, test.note)
			}
		})
	}
}

func TestLoopbackAddressesOfASandbox(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:4", "https://127.9.9.9", "http://[::1]:80", "http://LOCALHOST:1/x"} {
		if !loopback(address) {
			t.Errorf("%s is refused", address)
		}
	}
}

func TestAnyTextIsReadOrRefusedWithAPlaceInside(t *testing.T) {
	pieces := []string{"{", "}", "[", "]", ",", ":", `"connections"`, `"A"`, `"mcps"`, `"tenant"`, `"x.y"`, "1", "true", "null", "\n", " ", "ü", "\xff"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "text"), "")
		connections, _, broken := parse([]byte(text))
		if broken == nil {
			for name, c := range connections {
				if name != c.Name || mm.CheckConnectionName(name) != nil {
					t.Fatalf("connection %q under %q", c.Name, name)
				}
			}
			return
		}
		if broken.offset < 0 || broken.offset > len(text) {
			t.Fatalf("offset %d of %d", broken.offset, len(text))
		}
	})
}

func TestAGreatRegistryIsReadWhole(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"connections": {"c0": {}`)
	for i := 1; b.Len() < maxSize/4; i++ {
		fmt.Fprintf(&b, `, "c%d": {"tenant": "t%d.com"}`, i, i)
	}
	b.WriteString("}}")
	got, notes, broken := parse([]byte(b.String()))
	if broken != nil || len(notes) > 0 || len(got) < 20_000 {
		t.Fatalf("%d connections, %d notes, fault %+v", len(got), len(notes), broken)
	}
}
