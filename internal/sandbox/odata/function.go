package odata

import (
	"strconv"
	"strings"
)

// itemKey is where the item of an any is found. No property has such a name.
const itemKey = "\x00item"

// function is startswith, endswith or contains.
func (p *parser) function(name string) (Filter, error) {
	tests := map[string]func(s, part string) bool{"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "contains": strings.Contains}
	test, ok := tests[name]
	if !ok {
		return nil, errorf("An unknown function with name '%s' was found.", name)
	}
	p.needsEventual = p.needsEventual || advanced[name]
	p.symbol("(")
	property := p.next()
	if property.kind != nameToken || !p.symbol(",") {
		return nil, p.unexpected()
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	part, ok := v.(string)
	if !ok || !p.symbol(")") {
		return nil, p.unexpected()
	}
	if p.word("eq") && !p.word("true") { // startswith(…) eq true is the same
		return nil, p.unexpected()
	}
	path := p.path(property.text)
	return func(o Object) bool {
		s, ok := lookup(o, path).(string)
		return ok && test(strings.ToLower(s), strings.ToLower(part))
	}, nil
}

// any is COLLECTION/any(x:FILTER over x), or any() for one that is not empty.
func (p *parser) any(collection string, depth int) (Filter, error) {
	path := p.path(collection)
	p.symbol("(")
	if p.symbol(")") {
		return func(o Object) bool { items, _ := lookup(o, path).([]any); return len(items) > 0 }, nil
	}
	// The lexer leaves "x:x/name" and "x:startswith" in one piece.
	head := p.peek()
	variable, body, ok := strings.Cut(head.text, ":")
	if head.kind != nameToken || !ok {
		return nil, p.unexpected()
	}
	if body == "" { // x: x eq 'y'
		p.at++
	} else {
		p.tokens[p.at].text = body
	}
	outer := p.variable
	p.variable = variable
	inner, err := p.or(depth + 1)
	p.variable = outer
	if err == nil && !p.symbol(")") {
		err = p.unexpected()
	}
	return func(o Object) bool {
		items, _ := lookup(o, path).([]any)
		for _, item := range items {
			if inner(Object{itemKey: item}) {
				return true
			}
		}
		return false
	}, err
}

// literal is a value to compare with: text, number, true, false, null, a date or a GUID without quotes.
func (p *parser) literal() (any, error) {
	t := p.peek()
	v, ok := literal(t)
	if !ok {
		return nil, p.unexpected()
	}
	p.at++
	return v, nil
}

func literal(t token) (v any, ok bool) {
	if t.kind != nameToken {
		return t.text, t.kind == textToken
	}
	switch strings.ToLower(t.text) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if n, err := strconv.ParseFloat(t.text, 64); err == nil {
		return n, true
	}
	return t.text, t.text[0] >= '0' && t.text[0] <= '9' || strings.Count(t.text, "-") == 4
}
