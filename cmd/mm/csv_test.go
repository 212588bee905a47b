package main

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const bom = "\ufeff"

func TestObjectsBecomeCSVThatExcelOpens(t *testing.T) {
	for _, c := range []struct{ name, objects, want string }{
		{"nothing", `[]`, ""},
		{"columns are all properties in the order of their appearance", `[{"b":1,"a":"x"},{"c":true,"a":"y"}]`,
			"b,a,c\r\n1,x,\r\n,y,True\r\n"},
		{"quotes and commas", `[{"a":"say \"hi\"","b":"1,2"}]`, "a,b\r\n\"say \"\"hi\"\"\",\"1,2\"\r\n"},
		{"lines within a cell end with LF", `[{"a":"x\ny\r\nz\rw"}]`, "a\r\n\"x\ny\nz\nw\"\r\n"},
		{"what divides columns in other countries is quoted too", `[{"a":"x;y"}]`, "a\r\n\"x;y\"\r\n"},
		{"blanks at the ends stay", `[{"a":" x "}]`, "a\r\n\" x \"\r\n"},
		{"formulas are defused", `[{"a":"=1+1","b":"+x","c":"-x","d":"@x","e":"\tx","f":"\r=1","g":"＝1+1"}]`,
			"a,b,c,d,e,f,g\r\n'=1+1,'+x,'-x,'@x,\"'\tx\",\"'\n=1\",'＝1+1\r\n"},
		{"one character is no formula", `[{"a":"-","b":"="}]`, "a,b\r\n-,=\r\n"},
		{"a formula for a name", `[{"=x":1}]`, "'=x\r\n1\r\n"},
		{"numbers stay numbers", `[{"a":-5,"b":"-5.5","c":1e3,"d":123456789012345,"e":0}]`, "a,b,c,d,e\r\n-5,-5.5,1e3,123456789012345,0\r\n"},
		{"numbers with more digits than Excel keeps are text", `[{"a":1234567890123456,"b":"-1234567890123456"}]`,
			"a,b\r\n\"=\"\"1234567890123456\"\"\",\"=\"\"-1234567890123456\"\"\"\r\n"},
		{"digits that Excel would change are text", `[{"a":"00123","b":"+4930123","c":"12E4","d":"1.10","e":".5"}]`,
			"a,b,c,d,e\r\n\"=\"\"00123\"\"\",\"=\"\"+4930123\"\"\",\"=\"\"12E4\"\"\",\"=\"\"1.10\"\"\",\"=\"\".5\"\"\"\r\n"},
		{"rooms and versions are no dates", `[{"a":"3-12","b":"1.2.3"}]`, "a,b\r\n\"=\"\"3-12\"\"\",\"=\"\"1.2.3\"\"\"\r\n"},
		{"addresses of computers stay", `[{"a":"10.0.0.1"}]`, "a\r\n10.0.0.1\r\n"},
		{"times lose what Excel does not read", `[{"a":"2026-11-22T10:00:00.1234567Z","b":"2026-11-22T10:00:00+01:00","c":"2026-11-22"}]`,
			"a,b,c\r\n2026-11-22 10:00:00,2026-11-22 10:00:00,2026-11-22\r\n"},
		{"a text with a time in it stays", `[{"a":"at 2026-11-22T10:00:00Z"}]`, "a\r\nat 2026-11-22T10:00:00Z\r\n"},
		{"null is empty", `[{"a":null,"b":false}]`, "a,b\r\n,False\r\n"},
		{"lists of simple values are joined", `[{"a":["x","y",1]},{"a":[]},{"a":["=1"]}]`, "a\r\n\"x; y; 1\"\r\n\"\"\r\n'=1\r\n"},
		{"the rest is JSON", `[{"a":{ "b": 1 }, "c":[{"d":[2]}]}]`, "a,c\r\n\"{\"\"b\"\":1}\",\"[{\"\"d\"\":[2]}]\"\r\n"},
		{"what is no object has the column Value", `["x",3,null,[1,2]]`, "Value\r\nx\r\n3\r\n\"\"\r\n\"1; 2\"\r\n"},
		{"control characters, which no cell can have", `[{"a":"x\u0000y\u001bz"}]`, "a\r\nx y z\r\n"},
		{"every script of the world", `[{"Näme":"漢字 é"}]`, "Näme\r\n漢字 é\r\n"},
		{"a name that comes twice counts once", `[{"a":1,"a":2}]`, "a\r\n2\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := csvOf(json.RawMessage(c.objects), ',')
			if err != nil || string(got.text) != bom+c.want {
				t.Errorf("%v\ngot  %q\nwant %q", err, got.text, c.want)
			}
		})
	}
	for _, bad := range []string{``, `{}`, `[{"a":}]`} {
		if _, err := csvOf(json.RawMessage(bad), ','); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSemicolonsComeWithDecimalCommas(t *testing.T) {
	got, err := csvOf(json.RawMessage(`[{"a":-5.25,"b":7,"c":"5.5","d":"x,y"}]`), ';')
	const want = bom + "a;b;c;d\r\n\"-5,25\";7;\"=\"\"5.5\"\"\";\"x,y\"\r\n"
	if err != nil || string(got.text) != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, got.text, want)
	}
	for text, want := range map[string]string{",": ",", ";": ";", "tab": "tab", "\t": "tab"} {
		var d delimiter
		if err := d.Set(text); err != nil || d.String() != want {
			t.Errorf("%q: %v, %s", text, err, d.String())
		}
	}
	if err := new(delimiter).Set("|"); err == nil {
		t.Error("| was taken")
	}
}

func TestCellsThatExcelWouldSpillAreCut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		cut        int
		want       string
	}{
		{"as long as it may be", strings.Repeat("ä", maxCell), 0, strings.Repeat("ä", maxCell)},
		{"one too long", strings.Repeat("x", maxCell+1), 1, strings.Repeat("x", maxCell-1) + "…"},
		{"characters that Excel counts twice", strings.Repeat("😀", maxCell/2+1), 1, strings.Repeat("😀", maxCell/2) + "…"},
	} {
		s := sheet{}
		if got := s.fit(c.text); got != c.want || s.cut != c.cut {
			t.Errorf("%s: %d bytes, %d cut", c.name, len(got), s.cut)
		}
	}
}

// Whatever the objects hold, the file has as many rows and cells as it should, and no cell is calculated.
func TestCSVIsWholeWhateverIsInIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.MapOfN(rapid.StringN(0, 5, -1), rapid.String(), 2, 2), 1, 5).Draw(t, "rows")
		objects, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, row := range rows {
			for name := range row {
				names[name] = true
			}
		}
		got, err := csvOf(objects, ',')
		if err != nil {
			t.Fatal(err)
		}
		read := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(got.text), bom)))
		all, err := read.ReadAll()
		if err != nil || len(all) != len(rows)+1 || len(all[0]) != len(names) {
			t.Fatalf("%v: %d rows of %d, %q", err, len(all), len(rows), got.text)
		}
		for _, row := range all {
			for _, cell := range row {
				text, isText := strings.CutPrefix(cell, `="`)
				text, ends := strings.CutSuffix(text, `"`)
				calculated := len(cell) > 1 && strings.ContainsAny(cell[:1], "=+-@\t\r\n") && !kept.MatchString(cell)
				if calculated && !(isText && ends && strings.Trim(text, "0123456789+-.eE") == "") {
					t.Fatalf("the cell %q is calculated", cell)
				}
			}
		}
	})
}
