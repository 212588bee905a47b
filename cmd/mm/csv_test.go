package main

import (
	"encoding/json"
	"testing"
)

func TestObjectsBecomeCSVThatExcelOpens(t *testing.T) {
	const bom = "\ufeff"
	for _, c := range []struct{ name, objects, want string }{
		{"nothing", `[]`, bom},
		{"columns are all properties in the order of their appearance", `[{"b":1,"a":"x"},{"c":true,"a":"y"}]`,
			bom + "b,a,c\r\n1,x,\r\n,y,True\r\n"},
		{"quotes, commas and line ends", `[{"a":"say \"hi\"","b":"1,2","c":"x\ny"}]`, bom + "a,b,c\r\n\"say \"\"hi\"\"\",\"1,2\",\"x\r\ny\"\r\n"},
		{"formulas are defused", `[{"a":"=1+1","b":"+x","c":"-x","d":"@x","e":"\tx"}]`, bom + "a,b,c,d,e\r\n'=1+1,'+x,'-x,'@x,'\tx\r\n"},
		{"a formula for a name", `[{"=x":1}]`, bom + "'=x\r\n1\r\n"},
		{"numbers stay numbers", `[{"a":-5,"b":"-5.5","c":1e3,"d":12345678901234567890}]`, bom + "a,b,c,d\r\n-5,-5.5,1e3,12345678901234567890\r\n"},
		{"null is empty", `[{"a":null,"b":false}]`, bom + "a,b\r\n,False\r\n"},
		{"lists of simple values are joined", `[{"a":["x","y",1]},{"a":[]},{"a":["=1"]}]`, bom + "a\r\nx; y; 1\r\n\"\"\r\n'=1\r\n"},
		{"the rest is JSON", `[{"a":{ "b": 1 }, "c":[{"d":[2]}]}]`, bom + "a,c\r\n\"{\"\"b\"\":1}\",\"[{\"\"d\"\":[2]}]\"\r\n"},
		{"what is no object has the column Value", `["x",3,null,[1,2]]`, bom + "Value\r\nx\r\n3\r\n\"\"\r\n1; 2\r\n"},
		{"every script of the world", `[{"Näme":"漢字 é"}]`, bom + "Näme\r\n漢字 é\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := csvOf(json.RawMessage(c.objects))
			if err != nil || string(got) != c.want {
				t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
			}
		})
	}
	for _, bad := range []string{``, `{}`, `[{"a":}]`} {
		if _, _, err := csvOf(json.RawMessage(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
