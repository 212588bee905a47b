package registry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	mm "github.com/microsoft-master/mm"
)

// revise is a change of a text.
func revise(old string, change func(*Draft) error) (string, error) {
	text, err := editor{path: "/r.json"}.revise([]byte(old), change)
	return string(text), err
}

func TestAChangeKeepsAllThatItDoesNotTouch(t *testing.T) {
	const before = `{
  "version": 3,
  "connections": {
    "B": {"tenant": "b.com", "x": 12345678901234567890.10, "note": "\u00e4<\/b>", "list": ["a",
      {"deep": []}], "mcps": ["mm", "graph"]},
    "A": {},
    "Gone": null
  },
  "_knownModuleApps": {"exo": "1"},
  "connection": "not this one"
}`
	const after = `{
  "version": 3,
  "connections": {
    "B": {
      "tenant": "b.org",
      "x": 12345678901234567890.10,
      "note": "\u00e4<\/b>",
      "list": [
        "a",
        {
          "deep": []
        }
      ],
      "mcps": ["mm", "graph"],
      "added": true
    },
    "A": {},
    "Gone": null,
    "C": {
      "tenant": "<c>"
    }
  },
  "_knownModuleApps": {
    "exo": "1"
  },
  "connection": "not this one"
}
`
	got, err := revise(before, func(d *Draft) error {
		for _, err := range []error{
			d.Set("B", []string{"tenant"}, []byte(`"b.org"`)),
			d.Set("B", []string{"added"}, []byte("true")),
			d.Add("C", []Field{{"tenant", Text("<c>")}}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, got); diff != "" {
		t.Error(diff)
	}
	again, err := revise(got, func(*Draft) error { return nil })
	if err != nil || again != got {
		t.Errorf("a change of nothing: %v\n%s", err, cmp.Diff(got, again))
	}
}

func TestTheIndentationOfTheFileIsKept(t *testing.T) {
	for _, indent := range []string{"\t", "    ", "  "} {
		text := strings.ReplaceAll("{\n_\"connections\": {\n__\"A\": {}\n_}\n}\n", "_", indent)
		got, err := revise(text, func(d *Draft) error { return d.Add("B", nil) })
		want := strings.Replace(text, "{}", "{},\n"+indent+indent+`"B": {}`, 1)
		if err != nil || got != want {
			t.Errorf("indentation %q: %v\n%s", indent, err, got)
		}
	}
	for _, text := range []string{`{"connections": {"A": {}}}`, "{\n\"connections\": {\"A\": {}}}", "{}", " \n"} {
		got, err := revise(text, func(d *Draft) error { return nil })
		if err != nil || !strings.HasPrefix(got, "{\n  \"connections\": {") || !strings.HasSuffix(got, "}\n") {
			t.Errorf("%q: %v\n%s", text, err, got)
		}
	}
}

func TestChangesOfADraft(t *testing.T) {
	const registry = `{"connections": {"A": {"tenant": "old"}, "A": {"tenant": "a.com", "moduleApps": {"EXO": "1"}}, "b": null, "B": {}, "x/y": {}}}`
	set := func(name, json string, path ...string) func(*Draft) error {
		return func(d *Draft) error { return d.Set(name, path, []byte(json)) }
	}
	for name, c := range map[string]struct {
		change func(*Draft) error
		want   string // what the connections are then, $old and $a as they were; or the error
	}{
		"set":                          {set("A", `"c.com"`, "tenant"), `{"A":$old,"A":{"tenant":"c.com","moduleApps":{"EXO":"1"}},"b":null,"B":{},"x/y":{}}`},
		"set an app, of either case":   {set("A", `"2"`, "moduleApps", "exo"), `{"A":$old,"A":{"tenant":"a.com","moduleApps":{"EXO":"2"}},"b":null,"B":{},"x/y":{}}`},
		"set an app where none is":     {set("B", `"2"`, "moduleApps", "exo"), `{"A":$old,"A":$a,"b":null,"B":{"moduleApps":{"exo":"2"}},"x/y":{}}`},
		"remove an app where none is":  {func(d *Draft) error { return d.Set("B", []string{"moduleApps", "exo"}, nil) }, `{"A":$old,"A":$a,"b":null,"B":{},"x/y":{}}`},
		"remove a field":               {func(d *Draft) error { return d.Set("A", []string{"tenant"}, nil) }, `{"A":$old,"A":{"moduleApps":{"EXO":"1"}},"b":null,"B":{},"x/y":{}}`},
		"remove, twins too":            {func(d *Draft) error { return d.Remove("A") }, `{"b":null,"B":{},"x/y":{}}`},
		"rename, twins go":             {func(d *Draft) error { return d.Rename("A", "C") }, `{"C":$a,"b":null,"B":{},"x/y":{}}`},
		"rename in another case":       {func(d *Draft) error { return d.Rename("A", "a") }, `{"a":$a,"b":null,"B":{},"x/y":{}}`},
		"rename to what is null":       {func(d *Draft) error { return d.Rename("B", "b") }, `{"A":$old,"A":$a,"b":{},"x/y":{}}`},
		"rename what cannot be used":   {func(d *Draft) error { return d.Rename("x/y", "x-y") }, `{"A":$old,"A":$a,"b":null,"B":{},"x-y":{}}`},
		"duplicate":                    {func(d *Draft) error { return d.Duplicate("A", "C") }, `{"A":$old,"A":$a,"b":null,"B":{},"x/y":{},"C":$a}`},
		"add where null is":            {func(d *Draft) error { _ = d.Remove("B"); return d.Add("b", nil) }, `{"A":$old,"A":$a,"b":{},"x/y":{}}`},
		"add what is there":            {func(d *Draft) error { return d.Add("a", nil) }, "There is a connection 'A' already."},
		"rename to what is there":      {func(d *Draft) error { return d.Rename("A", "b") }, "There is a connection 'B' already."},
		"duplicate as itself":          {func(d *Draft) error { return d.Duplicate("A", "A") }, "There is a connection 'A' already."},
		"a name outside the rule":      {func(d *Draft) error { return d.Add("a:b", nil) }, `Take another, like "a-b".`},
		"set of an unknown one":        {set("C", "1", "x"), "Connection 'C' not found."},
		"remove of an unknown one":     {func(d *Draft) error { return d.Remove("b") }, "There are: A, B, x/y."},
		"rename of an unknown one":     {func(d *Draft) error { return d.Rename("D", "E") }, "Connection 'D' not found."},
		"duplicate of an unknown one":  {func(d *Draft) error { return d.Duplicate("D", "E") }, "Connection 'D' not found."},
		"what is no JSON":              {set("A", `[1,`, "x"), "The value of x is no JSON: line 1, column 4"},
		"a field of the wrong type":    {set("A", `1`, "mcps"), "connections.A.mcps: want a list of strings, got a number"},
		"a value that makes it unfit":  {set("A", `"mars"`, "cloud"), `its cloud "mars"`},
		"add with a field of nonsense": {func(d *Draft) error { return d.Add("C", []Field{{"x", []byte("}")}}) }, "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := revise(registry, c.change)
			if err != nil {
				got = err.Error()
				if e := (*mm.Error)(nil); !asError(err, &e) || e.Remedy == "" {
					t.Errorf("no remedy: %#v", err)
				}
				if !strings.Contains(got, c.want) {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				return
			}
			root, _ := parseTree([]byte(got))
			list, _ := root.member("connections")
			want := strings.NewReplacer("$old", `{"tenant":"old"}`, "$a", `{"tenant":"a.com","moduleApps":{"EXO":"1"}}`).Replace(c.want)
			if got := compact(list.raw); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func asError(err error, to **mm.Error) (ok bool) {
	*to, ok = err.(*mm.Error)
	return ok
}

// compact is JSON without white space outside of strings. Twin members stay.
func compact(raw []byte) string {
	var b strings.Builder
	inString := false
	for i, c := range raw {
		if c == '"' && (i == 0 || raw[i-1] != '\\') {
			inString = !inString
		}
		if inString || !strings.ContainsRune(" \n\t\r", rune(c)) {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestWhatIsBrokenIsNeverChanged(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"cut off":               {`{"connections": {`, "line 1, column 18: unexpected end of JSON input. Correct it there."},
		"not an object":         {`[]`, "line 1, column 1: want an object"},
		"connections as a list": {"{\n\"connections\": []}", "line 2, column 16: connections: want an object"},
		"a change broken off":   {`!"connections": {}}`, "a change of the file was broken off. Take back how it was before with `cp /r.json.bak /r.json`"},
		"UTF-16":                {"\xff\xfe{\x00", "UTF-16"},
		"a fault elsewhere":     {"{\"connections\": {\"A\":\n {\"tenant\": 5}}}", "line 2, column 13: connections.A.tenant: want a string"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := revise(c.text, func(d *Draft) error { return d.Add("B", nil) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
	t.Run("but a change may mend it", func(t *testing.T) {
		text, err := revise(`{"connections": {"A": {"tenant": 5}, "x/y": {}}}`, func(d *Draft) error { return d.Set("A", []string{"tenant"}, nil) })
		if err != nil || strings.Contains(text, "tenant") {
			t.Errorf("%v\n%s", err, text)
		}
	})
}

// lines are the values of a JSON text with their paths, in order, by Go's own decoder.
func lines(t *rapid.T, text string) []string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var out []string
	var walk func(path string)
	walk = func(path string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		out = append(out, fmt.Sprintf("%s = %#v", path, token))
		for i := 0; token == json.Delim('{') || token == json.Delim('['); i++ {
			if !dec.More() {
				_, _ = dec.Token()
				return
			}
			name := fmt.Sprint(i)
			if token == json.Delim('{') {
				key, _ := dec.Token()
				name = key.(string)
			}
			walk(path + "/" + name)
		}
	}
	walk("")
	return out
}

// below are the lines of a path and what is under it; the others are all else.
func below(all []string, path string) (inside, others []string) {
	for _, l := range all {
		if strings.HasPrefix(l, path+" = ") || strings.HasPrefix(l, path+"/") {
			inside = append(inside, l)
		} else {
			others = append(others, l)
		}
	}
	return inside, others
}

// jsonText draws a JSON value as people, programs and other versions write it.
func jsonText(t *rapid.T, depth int) string {
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	space := rapid.SampledFrom([]string{"", " ", "\n  ", "\t"}).Draw(t, "space")
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
	case 1:
		return rapid.SampledFrom([]string{"0", "-1", "1e400", "123456789012345678901234567890", "0.10", "1E+2"}).Draw(t, "number")
	case 2, 3, 4:
		return rapid.SampledFrom([]string{`""`, `"x"`, `"\u00e4\/"`, `"<&>"`, `"\ud83d\ude00"`, `"a\nb"`, `"ü"`}).Draw(t, "string")
	case 5:
		items := make([]string, rapid.IntRange(0, 3).Draw(t, "items"))
		for i := range items {
			items[i] = jsonText(t, depth-1)
		}
		return "[" + space + strings.Join(items, ","+space) + "]"
	default:
		return objectText(t, depth, []string{"k1", "k2", "k/3", "k\u00e4"}, func(string) string { return jsonText(t, depth-1) })
	}
}

// objectText draws an object with some of the names.
func objectText(t *rapid.T, depth int, names []string, text func(name string) string) string {
	space := rapid.SampledFrom([]string{"", " ", "\n", "\n  ", "\r\n\t"}).Draw(t, "space")
	var members []string
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, len(names), rapid.ID).Draw(t, "names") {
		members = append(members, string(Text(name))+":"+space+text(name))
	}
	return "{" + space + strings.Join(members, space+","+space) + space + "}"
}

func TestRandomChangesOfRandomRegistriesTouchNothingElse(t *testing.T) {
	names := []string{"Contoso-GA", "Fabrikam", "a b", "x.y", "ß"}
	fieldNames := []string{"tenant", "appId", "unknown", "description", "nested"}
	rapid.Check(t, func(t *rapid.T) {
		entry := func(string) string {
			return objectText(t, 2, fieldNames, func(name string) string {
				if name == "unknown" || name == "nested" {
					return jsonText(t, 2)
				}
				return `"text"`
			})
		}
		before := objectText(t, 3, []string{"connections", "version", "_other"}, func(name string) string {
			if name == "connections" {
				return objectText(t, 3, names, entry)
			}
			return jsonText(t, 2)
		})
		name := rapid.SampledFrom(names).Draw(t, "name")
		to := rapid.SampledFrom(append(names, "New")).Draw(t, "to")
		key := rapid.SampledFrom(fieldNames).Draw(t, "key")
		operation := rapid.IntRange(0, 5).Draw(t, "operation")
		after, err := revise(before, func(d *Draft) error {
			switch operation {
			case 0:
				return d.Add(name, []Field{{key, Text("set")}})
			case 1:
				return d.Set(name, []string{key}, []byte(`"set"`))
			case 2:
				return d.Set(name, []string{key}, nil)
			case 3:
				return d.Rename(name, to)
			case 4:
				return d.Duplicate(name, to)
			}
			return d.Remove(name)
		})
		if err != nil {
			t.Skip("an unknown or a taken name; the table above has those")
		}
		registered, _, broken := parse([]byte(after))
		if broken != nil {
			t.Fatalf("the reader: %s\n%s", broken.text, after)
		}
		path := "/connections/" + name
		wasThere, was := below(lines(t, before), path)
		isThere, is := below(lines(t, after), path)
		_, reads := registered[name]
		switch operation {
		case 0:
			if !reads || len(wasThere) > 0 || !slices.Contains(isThere, fmt.Sprintf("%s/%s = %q", path, key, "set")) {
				t.Fatalf("added: %q", isThere)
			}
		case 1, 2:
			_, wasThere = below(wasThere, path+"/"+key)
			field, others := below(isThere, path+"/"+key)
			if diff := cmp.Diff(wasThere, others); diff != "" || (len(field) == 1) != (operation == 1) {
				t.Fatalf("%q, others: %s", field, diff)
			}
		case 3, 4:
			copied, others := below(is, "/connections/"+to)
			if operation == 3 && name != to {
				if len(isThere) > 0 {
					t.Fatalf("still there: %q", isThere)
				}
			} else if diff := cmp.Diff(wasThere, isThere); diff != "" {
				t.Fatal(diff)
			}
			if name != to {
				for i := range copied {
					copied[i] = path + strings.TrimPrefix(copied[i], "/connections/"+to)
				}
				if diff := cmp.Diff(wasThere, copied); diff != "" {
					t.Fatal(diff)
				}
				is = others
			}
		case 5:
			if reads || len(isThere) > 0 {
				t.Fatalf("still there: %q", isThere)
			}
		}
		if !slices.ContainsFunc(was, func(l string) bool { return strings.HasPrefix(l, "/connections = ") }) {
			_, is = below(is, "/connections") // it is made where it is missing
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("something else changed: %s", diff)
		}
	})
}

func TestTheMostSimilarName(t *testing.T) {
	all := []string{"Contoso-GA", "Contoso-Reader", "Fabrikam", "X"}
	for word, want := range map[string]string{
		"contoso-ga": "Contoso-GA", "Contso-GA": "Contoso-GA", "Fabricam": "Fabrikam", "Y": "", "fabrik": "Fabrikam",
		"Northwind": "", "": "", "Contoso-Raeder": "Contoso-Reader",
	} {
		if got := Closest(word, all); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
