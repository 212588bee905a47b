package engine

import "testing"

func TestObjectsArePrintedAsPowerShellPrintsThem(t *testing.T) {
	row := func(v *view, name string, count any, more ...property) *object {
		return &object{v, append([]property{{"Name", name}, {"Count", count}}, more...)}
	}
	for name, c := range map[string]struct {
		objects []*object
		width   int
		want    string
	}{
		"numbers at the right": {
			[]*object{row(nil, "a", int64(2)), row(nil, "longer", int64(1000))}, 80,
			"\nName   Count\n----   -----\na          2\nlonger  1000\n\n"},
		"a list of more than four properties": {
			[]*object{row(nil, "a", int64(1), property{"C", nil}, property{"D", true}, property{"E", []any{"x", "y"}})}, 80,
			"\nName  : a\nCount : 1\nC     :\nD     : True\nE     : {x, y}\n\n"},
		"a view's columns only": {
			[]*object{row(&view{columns: []string{"Count"}}, "a", "x")}, 80,
			"\nCount\n-----\nx\n\n"},
		"the widest column is cut": {
			[]*object{row(nil, "a text that is far too long", "b")}, 20,
			"\nName           Count\n----           -----\na text that i… b\n\n"},
		"columns that do not fit are left out": {
			[]*object{row(nil, "abcdef", "abcdef")}, 5,
			"\nNa…\n---\nab…\n\n"},
	} {
		if got := printObjects(c.objects, c.width); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
