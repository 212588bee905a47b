package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// placeholders stand in a golden text for what differs from run to run.
var placeholders = map[string]*regexp.Regexp{
	`"<time>"`:   regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"$`), // RFC 3339 in UTC
	`"<code>"`:   regexp.MustCompile(`^"[A-Z0-9]{8,10}"$`),
	`"<text>"`:   regexp.MustCompile(`^".+"$`),
	`"<number>"`: regexp.MustCompile(`^\d+(\.\d+)?$`),
	`"<uptime>"`: regexp.MustCompile(`^"(\d+h )?(\d+m )?\d+s"$`),
	`"<left>"`:   regexp.MustCompile(`^(900|[1-8]?\d?\d)$`), // seconds that remain of a code
}

// Shape returns an error where body is not what golden, a JSON text, says byte for byte. A body may have more fields than golden,
// at the end of each object: new ones may be added, none is renamed, dropped or moved.
func Shape(golden, body string) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(body)); err != nil {
		return fmt.Errorf("no JSON: %w: %.300s", err, body)
	}
	if compact.String() != body {
		return fmt.Errorf("the JSON is not compact: %.300s", body)
	}
	if err := sameShape("", json.RawMessage(golden), json.RawMessage(body)); err != nil {
		return fmt.Errorf("%w\n got %.2000s\nwant %s", err, body, golden)
	}
	return nil
}

func sameShape(path string, golden, got json.RawMessage) error {
	if p := placeholders[string(golden)]; p != nil {
		if !p.Match(got) {
			return fmt.Errorf("%s: %s is no %s", path, got, golden)
		}
		return nil
	}
	if golden[0] != got[0] && strings.ContainsRune("{[", rune(golden[0])) {
		return fmt.Errorf("%s: %.100s is not of the kind of %s", path, got, golden)
	}
	switch golden[0] {
	case '{':
		want, have := members(golden), members(got)
		for i, w := range want {
			if i >= len(have) || have[i].name != w.name {
				return fmt.Errorf("%s: field %d is not %s", path, i+1, w.name)
			}
			if err := sameShape(path+"."+w.name, w.value, have[i].value); err != nil {
				return err
			}
		}
		return nil
	case '[':
		var want, have []json.RawMessage
		must(json.Unmarshal(golden, &want))
		must(json.Unmarshal(got, &have))
		if len(have) != len(want) {
			return fmt.Errorf("%s: %d items, want %d", path, len(have), len(want))
		}
		for i := range want {
			if err := sameShape(fmt.Sprintf("%s[%d]", path, i), want[i], have[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if string(golden) != string(got) {
		return fmt.Errorf("%s: %.200s, want %s", path, got, golden)
	}
	return nil
}

type field struct {
	name  string
	value json.RawMessage
}

// members returns the fields of a valid JSON object in their order.
func members(object json.RawMessage) []field {
	d := json.NewDecoder(bytes.NewReader(object))
	token := func() json.Token {
		t, err := d.Token()
		must(err)
		return t
	}
	token() // {
	var all []field
	for d.More() {
		f := field{name: token().(string)}
		must(d.Decode(&f.value))
		all = append(all, f)
	}
	return all
}

// must holds for JSON that was checked before, and for the golden texts of this package.
func must(err error) {
	if err != nil {
		panic("contracttest: " + err.Error())
	}
}
