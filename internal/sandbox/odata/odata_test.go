package odata

import (
	"net/url"
	"strings"
	"testing"
)

var people = List{
	{"id": "1", "name": "Adele", "age": 30, "mail": "adele@contoso.com", "active": true, "born": "1996-05-01T00:00:00Z",
		"from": Object{"address": "a@x.com"}, "tags": []any{"red", "blue"}, "phones": []any{Object{"kind": "home"}}},
	{"id": "2", "name": "Bob's", "age": 25.5, "mail": nil, "active": false, "born": "2001-01-01", "tags": []any{}},
	{"id": "3", "name": "casey", "age": 41, "mail": "casey@fabrikam.com", "active": true, "born": "1985-12-31T12:00:00+02:00"},
}

func ids(items []Object) string {
	var b strings.Builder
	for _, o := range items {
		b.WriteString(o["id"].(string))
	}
	return b.String()
}

func TestFiltersKeepWhatTheySay(t *testing.T) {
	for filter, want := range map[string]string{
		"name eq 'adele'": "1", "name ne 'Adele'": "23", "age gt 30": "3", "age ge 30": "13", "age lt 30": "2", "age le 30": "12",
		"name eq 'Bob''s'": "2", "mail eq null": "2", "mail ne null": "13", "active eq true": "13", "active": "13", "not active": "2",
		"name eq 'x' or age gt 26 and active eq true": "13", "(name eq 'x' or age gt 26) and active eq false": "",
		"startswith(name,'c')": "3", "endsWith(mail,'@contoso.com')": "1", "contains(name, 'e')": "13", "startswith(name,'c') eq true": "3",
		"not startswith(name,'c')": "12", "born ge 1996-05-01T00:00:00Z": "12", "born lt 1996-01-01": "3", "from/address eq 'A@x.com'": "1",
		"tags/any(t:t eq 'red')": "1", "tags/any(t: t eq 'green' or startswith(t,'b'))": "1", "tags/any()": "1",
		"phones/any(p:p/kind eq 'home')": "1", "id in ('1','3')": "13", "nothing eq 'x'": "", "nothing eq null": "123", "NAME EQ 'casey'": "3",
		"age eq '30'": "", "name gt 'b'": "23",
	} {
		f, _, err := ParseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got := ids(Query{Filter: f}.Apply(people, 10).Items); got != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}
}

func TestFiltersThatAreNoneAreRefusedWithTheReason(t *testing.T) {
	for filter, want := range map[string]string{
		"": "ends too early", "name": "", "name eq": "ends too early", "name eq 'x": "unterminated", "name eq 'x' and": "ends too early",
		"name like 'x'": "'like' is not expected", "upper(name) eq 'X'": "unknown function with name 'upper'", "(name eq 'x'": "ends too early",
		"name eq 'x')": "')' is not expected", "name eq nobody": "'nobody' is not expected", "tags/any(t)": "is not expected",
		strings.Repeat("(", 40) + "name" + strings.Repeat(")", 40): "too deeply", "id in (": "ends too early",
		"startswith(name)": "is not expected", "'x' eq name": "is not expected",
	} {
		_, _, err := ParseFilter(filter)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", filter, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", filter, err, want)
		}
	}
}

func TestQueriesOrderSearchAndPage(t *testing.T) {
	for query, want := range map[string]string{
		"$orderby=age desc": "312", "$orderby=active desc,name": "132", "$orderby=born": "312", "$top=2": "12", "$top=2&$skip=1": "23",
		"$skip=5": "", "$search=\"name:case\"": "3", "$search=blue": "1", "$search=\"41\"": "3", "plain=1": "123", "$format=json": "123",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(values)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := ids(q.Apply(people, 10).Items); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"$apply=x": "not supported", "$top=0": "positive", "$top=x": "non-negative", "$skip=-1": "non-negative", "$skiptoken=x": "$skiptoken",
		"$orderby=a b": "Syntax error", "$top=1&$top=2": "more than once",
	} {
		values, _ := url.ParseQuery(query)
		if _, err := Parse(values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", query, err, want)
		}
	}
}

func TestPagesFollowEachOtherToTheEnd(t *testing.T) {
	for _, query := range []string{"", "$filter=age gt 0", "$orderby=name desc"} {
		values, _ := url.ParseQuery(query)
		q, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		var all []Object
		for pages := 0; ; pages++ {
			p := q.Apply(people, 2)
			all = append(all, p.Items...)
			if p.Total != 3 || pages > 2 {
				t.Fatalf("%s: page %d: %+v", query, pages, p)
			}
			if p.Next == 0 {
				break
			}
			if q.Skip, err = ParseSkipToken(SkipToken(p.Next)); err != nil {
				t.Fatal(err)
			}
		}
		if len(all) != 3 {
			t.Errorf("%s: %d items", query, len(all))
		}
	}
}

func TestASelectionKeepsTheIdAndAnnotations(t *testing.T) {
	o := Object{"id": "1", "@odata.etag": "x", "Name": "a", "other": "b"}
	if got := (Query{Select: []string{"name"}}).Pick(o); len(got) != 3 || got["Name"] != "a" {
		t.Errorf("got %v", got)
	}
	if got := (Query{}).Pick(o); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
