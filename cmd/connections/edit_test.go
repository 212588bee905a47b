package connections

import (
	"strings"
	"testing"
)

func TestEditTakesValuesAsPeopleWriteThem(t *testing.T) {
	const start = `{"connections": {"A": {"tenant": "a.com", "skipSendGuards": false, "moduleApps": {"EXO": "` + someID + `"}}}}`
	for name, c := range map[string]struct {
		key, value string
		want       string // the connection; $rest is what stays of it, $apps a part of that
		note       string // part of standard error; empty: it says nothing
	}{
		"text":                      {"tenant", " b.com ", `{$rest,"tenant":"b.com"}`, ""},
		"text that looks like none": {"description", "true", `{"description":"true",$rest,"tenant":"a.com"}`, ""},
		"a dash":                    {"description", "--yes", `{"description":"--yes",$rest,"tenant":"a.com"}`, ""},
		"a key in another case":     {"TENANTID", someID, `{$rest,"tenant":"a.com","tenantId":"` + someID + `"}`, ""},
		"true":                      {"skipSendGuards", "True", `{$apps,"skipSendGuards":true,"tenant":"a.com"}`, ""},
		"no":                        {"skipSignatureStrip", "no", `{$rest,"skipSignatureStrip":false,"tenant":"a.com"}`, ""},
		"null removes":              {"tenant", "null", `{$rest}`, ""},
		"nothing removes":           {"tenant", "", `{$rest}`, ""},
		"a list by commas":          {"mcps", "mm, graph,", `{"mcps":["mm","graph"],$rest,"tenant":"a.com"}`, ""},
		"a list as JSON":            {"mcps", `["mm"]`, `{"mcps":["mm"],$rest,"tenant":"a.com"}`, ""},
		"a list without mm":         {"mcps", "comm", `{"mcps":["comm"],$rest,"tenant":"a.com"}`, "does not name mm"},
		"an object":                 {"moduleApps", `{"pnp": "` + someID + `"}`, `{"moduleApps":{"pnp":"` + someID + `"},"skipSendGuards":false,"tenant":"a.com"}`, ""},
		"an object with doubts":     {"moduleApps", `{"word": "x"}`, `{"moduleApps":{"word":"x"},"skipSendGuards":false,"tenant":"a.com"}`, `"word", which is none of the modules`},
		"an app of a module":        {"moduleapps.Exo", "x", `{"moduleApps":{"EXO":"x"},"skipSendGuards":false,"tenant":"a.com"}`, "is not an app id"},
		"an app of another":         {"moduleApps.teams", someID, `{"moduleApps":{"EXO":"` + someID + `","teams":"` + someID + `"},"skipSendGuards":false,"tenant":"a.com"}`, ""},
		"an app removed":            {"moduleApps.exo", "null", `{"moduleApps":{},"skipSendGuards":false,"tenant":"a.com"}`, ""},
		"an unknown field":          {"tenatId", "5", `{$rest,"tenant":"a.com","tenatId":"5"}`, "Did you mean tenantId?"},
		"an unknown flag":           {"mine", "FALSE", `{"mine":false,$rest,"tenant":"a.com"}`, `does not know the field "mine"`},
		"an unknown object":         {"mine", `{"a": [1]}`, `{"mine":{"a":[1]},$rest,"tenant":"a.com"}`, "does not know"},
		"unknown text with a brace": {"mine", `{a`, `{"mine":"{a",$rest,"tenant":"a.com"}`, "does not know"},
		"a doubtful address":        {"expectedEmail", "me", `{"expectedEmail":"me",$rest,"tenant":"a.com"}`, "is not an account like"},
		"a guest's address":         {"expectedEmail", "a_b.com#EXT#@c.onmicrosoft.com", `{"expectedEmail":"a_b.com#EXT#@c.onmicrosoft.com",$rest,"tenant":"a.com"}`, ""},
		"a doubtful tenant id":      {"tenantId", "b.com", `{$rest,"tenant":"a.com","tenantId":"b.com"}`, "is not a tenant id"},
		"a doubtful host":           {"sharepoint_host", "a.sharepoint.com", `{$apps,"sharepoint_host":"a.sharepoint.com","skipSendGuards":false,"tenant":"a.com"}`, "more than the first label"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, start)
			code, out, err := p.run("", "edit", "a", c.key, c.value)
			rest := strings.NewReplacer("$rest", `"moduleApps":{"EXO":"`+someID+`"},"skipSendGuards":false`, "$apps", `"moduleApps":{"EXO":"`+someID+`"}`)
			is(t, "connection", p.connection("A"), rest.Replace(c.want))
			if code != 0 || !strings.Contains(out, "connection 'A'") || !strings.Contains(err, c.note) || (c.note == "") != (err == "") {
				t.Errorf("exit code %d\n%s%s", code, out, err)
			}
		})
	}
}

func TestEditSaysWhatItDid(t *testing.T) {
	p := newPerson(t, two)
	for _, c := range []struct{ key, value, want string }{
		{"tenant", "new.com", "Set the tenant of connection 'Fabrikam' to \"new.com\".\n"},
		{"tenant", "new.com", "The tenant of connection 'Fabrikam' is \"new.com\" already.\n"},
		{"tenant", "null", "Removed the tenant of connection 'Fabrikam'.\n"},
		{"tenant", "null", "Connection 'Fabrikam' has no tenant.\n"},
	} {
		code, out, err := p.run("", "edit", "fabrikam", c.key, c.value)
		is(t, "output", out, c.want)
		if code != 0 || err != "" {
			t.Errorf("exit code %d, %s", code, err)
		}
	}
}

func TestADuplicateIsForAnotherAccount(t *testing.T) {
	p := newPerson(t, two)
	code, out, err := p.run("", "duplicate", "fabrikam", "Second")
	is(t, "output", out, "Added connection 'Second', a copy of 'Fabrikam'.\n")
	is(t, "note", err, "Note: Set the account that signs in there: mm-connections edit \"Second\" expectedEmail ADDRESS\n")
	is(t, "connection", p.connection("Second"), `{"description":"(copy of Fabrikam)","own":1.5,"tenant":"fabrikam.com"}`)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestShellsCompleteNamesFieldsAndValues(t *testing.T) {
	p := newPerson(t, `{"connections": {"B": {}, "a/b": {}, "A": {}}}`)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"show", ""}, []string{"A", "B", "a/b"}},
		{[]string{"remove", ""}, []string{"A", "B", "a/b"}},
		{[]string{"rename", ""}, []string{"A", "B", "a/b"}},
		{[]string{"rename", "A", ""}, nil},
		{[]string{"duplicate", ""}, []string{"A", "B", "a/b"}},
		{[]string{"add", ""}, nil},
		{[]string{"edit", ""}, []string{"A", "B", "a/b"}},
		{[]string{"edit", "A", ""}, []string{"appId", "tenant", "tenantId", "expectedEmail", "description", "mcps", "skipSignatureStrip",
			"skipSendGuards", "moduleApps", "sharepoint_host", "scopes", "signIn", "cloud", "sandbox"}},
		{[]string{"edit", "A", "skipsendguards", ""}, []string{"true", "false"}},
		{[]string{"edit", "A", "tenant", ""}, nil},
	} {
		_, out, _ := p.run("", append([]string{"__complete"}, c.args...)...)
		var got []string
		for line := range strings.Lines(out) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); !strings.HasPrefix(word, ":") {
				got = append(got, word)
			}
		}
		is(t, strings.Join(c.args, " "), strings.Join(got, " "), strings.Join(c.want, " "))
		if !strings.HasSuffix(out, ":4\n") {
			t.Errorf("%q would complete files: %s", c.args, out)
		}
	}
	if names := Names(p.home + "/.m365-connections.json"); strings.Join(names, " ") != "A B" {
		t.Errorf("for other commands: %q", names)
	}
	if names := Names(p.home + "/none"); names != nil {
		t.Errorf("of no registry: %q", names)
	}
}
