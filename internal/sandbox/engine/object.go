package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An object is an output object: properties in order. It is never changed, so that sessions can share it.
type object struct {
	view       *view
	properties []property
}

type property struct {
	name  string
	value any // nil, bool, int64, float64, string, time.Time, []any, *object
}

// A view says how objects of a kind are printed.
type view struct {
	columns []string // of a table; nil: all properties, as a table if there are four or fewer, otherwise as a list
	list    bool     // as a list of these columns
}

// get returns the value at a dotted path of property names, without regard to case.
func (o *object) get(path string) any {
	name, rest, nested := strings.Cut(path, ".")
	for _, p := range o.properties {
		if !strings.EqualFold(p.name, name) {
			continue
		}
		if inner, ok := p.value.(*object); ok && nested {
			return inner.get(rest)
		} else if nested {
			return nil
		}
		return p.value
	}
	return nil
}

// text returns a property as text.
func (o *object) text(path string) string { return textOf(o.get(path)) }

// with returns a copy in which the named properties have other values; a name that is not there is added.
func (o *object) with(changes ...property) *object {
	out := &object{o.view, slices.Clone(o.properties)}
	for _, c := range changes {
		i := slices.IndexFunc(out.properties, func(p property) bool { return strings.EqualFold(p.name, c.name) })
		if i < 0 {
			out.properties = append(out.properties, c)
		} else {
			out.properties[i].value = c.value
		}
	}
	return out
}

// objectOf makes an object of a struct: the exported fields under the names that they have in JSON, in their order.
func objectOf(v *view, from any) *object {
	s := reflect.ValueOf(from)
	o := &object{view: v}
	for i := range s.NumField() {
		f := s.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		o.properties = append(o.properties, property{name, valueOf(s.Field(i))})
	}
	return o
}

// valueOf makes a property's value of a Go value.
func valueOf(v reflect.Value) any {
	if t, ok := v.Interface().(time.Time); ok {
		return t
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int64:
		return v.Int()
	case reflect.Float64:
		return v.Float()
	case reflect.Interface:
		return valueOf(v.Elem())
	case reflect.Struct:
		return objectOf(nil, v.Interface())
	case reflect.Slice:
		out := []any{}
		for i := range v.Len() {
			out = append(out, valueOf(v.Index(i)))
		}
		return out
	}
	return fmt.Sprint(v.Interface())
}

// textOf returns a value as PowerShell prints it in a cell.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.Format("1/2/2006 3:04:05 PM")
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = textOf(v[i])
		}
		return "{" + strings.Join(texts, ", ") + "}"
	case *object:
		var b strings.Builder
		for i, p := range v.properties {
			if i > 0 {
				b.WriteString("; ")
			}
			b.WriteString(p.name + "=" + textOf(p.value))
		}
		return "@{" + b.String() + "}"
	}
	return fmt.Sprint(v)
}

// appendJSON appends a value as JSON, objects nested down to depth; what lies deeper is text.
func appendJSON(to []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case []any:
		to = append(to, '[')
		for i := range v {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendJSON(to, v[i], depth)
		}
		return append(to, ']')
	case *object:
		if depth <= 0 {
			return appendJSON(to, textOf(v), 0)
		}
		to = append(to, '{')
		for i, p := range v.properties {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(appendJSON(to, p.name, 0), ':')
			to = appendJSON(to, p.value, depth-1)
		}
		return append(to, '}')
	}
	text, err := json.Marshal(v)
	if err != nil { // a number that JSON does not have
		text = []byte(strconv.Quote(fmt.Sprint(v)))
	}
	return append(to, text...)
}
