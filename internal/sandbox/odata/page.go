package odata

import (
	"fmt"
	"slices"
	"strings"
)

// Rows are what a query is applied to. At must not be asked beyond Len.
type Rows interface {
	Len() int
	At(i int) Object
}

// A List is Rows that are there already.
type List []Object

// Len and At implement Rows.
func (l List) Len() int        { return len(l) }
func (l List) At(i int) Object { return l[i] }

// A Page is what a query gives of rows.
type Page struct {
	Items []Object
	Total int // of what matches; -1: was not counted
	Next  int // where the next page begins; 0: there is none
}

// Apply returns the page that the query asks for, at most size items. The items are the rows themselves: $select is not applied.
func (q Query) Apply(rows Rows, size int) Page {
	if q.Top > 0 {
		size = q.Top
	}
	if q.Filter == nil && q.Search == "" && len(q.OrderBy) == 0 { // without looking at the others
		p := Page{Total: rows.Len()}
		for i := q.Skip; i < rows.Len() && len(p.Items) < size; i++ {
			p.Items = append(p.Items, rows.At(i))
		}
		if end := q.Skip + len(p.Items); end < rows.Len() {
			p.Next = end
		}
		return p
	}
	var all []Object
	for i := range rows.Len() {
		o := rows.At(i)
		if (q.Filter == nil || q.Filter(o)) && matches(o, q.Search) {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, q.order)
	p := Page{Total: len(all)}
	if q.Skip < len(all) {
		p.Items = all[q.Skip:min(len(all), q.Skip+size)]
	}
	if end := q.Skip + len(p.Items); end < len(all) {
		p.Next = end
	}
	return p
}

func (q Query) order(a, b Object) int {
	for _, by := range q.OrderBy {
		x, y := lookup(a, by.Path), lookup(b, by.Path)
		order, _ := compare(x, y)
		if by.Descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// matches reports whether an object matches a $search: "property:text" or "text", with or without quotes, anywhere in its text.
func matches(o Object, search string) bool {
	search = strings.ToLower(strings.Trim(search, `"`))
	if search == "" {
		return true
	}
	if name, text, ok := strings.Cut(search, ":"); ok {
		return containsText(property(o, name), text)
	}
	return containsText(o, search)
}

func containsText(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(strings.ToLower(v), text)
	case Object:
		for _, x := range v {
			if containsText(x, text) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return containsText(x, text) })
	case nil:
	default:
		return strings.Contains(strings.ToLower(fmt.Sprint(v)), text)
	}
	return false
}

// Pick returns the object with the selected properties only, its id and its annotations. Without a selection it is the object
// itself.
func (q Query) Pick(o Object) Object {
	if len(q.Select) == 0 || slices.Contains(q.Select, "*") {
		return o
	}
	out := Object{}
	for k, v := range o {
		if k == "id" || strings.HasPrefix(k, "@") || slices.ContainsFunc(q.Select, func(s string) bool { return strings.EqualFold(s, k) }) {
			out[k] = v
		}
	}
	return out
}
