package engine

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestStatementsAreReadAsPowerShellReadsThem(t *testing.T) {
	text := func(s string) literal { return literal{s} }
	one := place{1, 1}
	for script, want := range map[string][]node{
		"":                         nil,
		" # nothing\n\n ;; ":       nil,
		`'it''s'`:                  {show{text("it's")}},
		`"two words"`:              {show{text("two words")}},
		`42`:                       {show{literal{int64(42)}}},
		`-1.5`:                     {show{literal{-1.5}}},
		`1..3`:                     {sequence{1, 3}},
		`'x' * 3`:                  {repeat{"x", 3}},
		`1, 'a'`:                   {show{list{[]expression{literal{int64(1)}, text("a")}}}},
		`$x`:                       {show{variable{name: "x"}}},
		`$PWD.Path`:                {show{variable{"PWD", "Path"}}},
		`$x = 'a'`:                 {assign{"x", show{text("a")}}},
		`$x = Get-Date`:            {assign{"x", command{name: "Get-Date", place: place{1, 6}}}},
		`function f { 'a' }; f`:    {define{"f", []node{show{text("a")}}}, command{name: "f", place: place{1, 21}}},
		`while ($true) { }`:        {forever{}},
		`exit 3`:                   {leave{literal{int64(3)}}},
		`exit`:                     {leave{literal{int64(0)}}},
		"'a'\nthrow 'b'":           {show{text("a")}, throw{text("b"), place{2, 1}}},
		`[Environment]::Exit(3)`:   {static{"[Environment]::Exit", []expression{literal{int64(3)}}}},
		`[pscustomobject]@{A='b'}`: {show{table{[]string{"A"}, []expression{text("b")}}}},
		`Get-X a 'b c' -Name d -Flag -On:$false -List 1,2`: {command{
			name: "Get-X",
			parameters: []parameter{{"Name", text("d")}, {"Flag", nil}, {"On", variable{name: "false"}},
				{"List", list{[]expression{literal{int64(1)}, literal{int64(2)}}}}},
			arguments: []expression{text("a"), text("b c")},
			place:     one,
		}},
		`Get-X -Path /tenants?api-version=1`: {command{name: "Get-X", parameters: []parameter{{"Path", text("/tenants?api-version=1")}}, place: one}},
		`a | b`:                              {pipeline{[]command{{name: "a", place: one}, {name: "b", place: place{1, 5}}}}},
	} {
		got, issue := parse(script)
		if issue != nil {
			t.Errorf("%s: %+v", script, *issue)
		}
		if d := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
			t.Errorf("%s: %s", script, d)
		}
	}
}

func TestWhatIsNotKnownIsRefusedAtItsPlace(t *testing.T) {
	for script, want := range map[string]struct {
		id     string
		column int
	}{
		`'open`:                  {"TerminatorExpectedAtEndOfString", 1},
		`1; "a $x"`:              {"NotKnownToStandIn", 7},
		`& $x`:                   {"NotKnownToStandIn", 1},
		`'a' -eq 'b'`:            {"NotKnownToStandIn", 5},
		`Get-X (Get-Y)`:          {"NotKnownToStandIn", 7},
		`Get-X $(1)`:             {"NotKnownToStandIn", 7},
		`if ($true) { 1 }`:       {"NotKnownToStandIn", 4},
		`while ($x) { }`:         {"NotKnownToStandIn", 8},
		`function f {`:           {"IncompleteParse", 13},
		`a || b`:                 {"NotKnownToStandIn", 3},
		`'x' * 99999999999`:      {"NotKnownToStandIn", 1},
		`}`:                      {"NotKnownToStandIn", 1},
		`[IO.File]::Delete('x')`: {"NotKnownToStandIn", 1},
	} {
		body, issue := parse(script)
		if issue == nil || issue.ID != want.id || issue.Column != want.column || issue.Message == "" || body != nil {
			t.Errorf("%s: %+v (%v), want %s at %d", script, issue, body, want.id, want.column)
		}
	}
}

func TestNoScriptBreaksTheParser(t *testing.T) {
	piece := rapid.SampledFrom([]string{"'", `"`, "$", "{", "}", "(", ")", "@{", "@(", "[pscustomobject]", "[Console]::Write(", "=", ",", "|",
		";", "\n", " ", "-", ":", "..", "*", "1", "x", "function", "while", "($true)", "throw", "exit", "#", "ü", "\x00", "\xff", "."})
	rapid.Check(t, func(t *rapid.T) {
		script := ""
		for _, p := range rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces") {
			script += p
		}
		body, issue := parse(script)
		if issue != nil && (body != nil || issue.Line < 1 || issue.Column < 1) {
			t.Fatalf("%q: %+v", script, issue)
		}
	})
}
