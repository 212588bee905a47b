package odata

import "strings"

// A Filter says whether an object is wanted.
type Filter func(Object) bool

// maxDepth bounds the parentheses and negations in a filter.
const maxDepth = 32

// advanced are the operators that Graph's directory takes only with ConsistencyLevel: eventual.
var advanced = map[string]bool{"ne": true, "not": true, "endswith": true}

// ParseFilter reads a $filter: comparisons by eq, ne, gt, ge, lt, le and in, joined by and, or and not, with startswith,
// endswith, contains and any. needsEventual says that the directory takes it with ConsistencyLevel: eventual only.
func ParseFilter(filter string) (f Filter, needsEventual bool, err error) {
	tokens, err := lex(filter)
	if err != nil {
		return nil, false, err
	}
	p := &parser{source: filter, tokens: tokens}
	f, err = p.or(0)
	if err == nil && p.peek().kind != endToken {
		err = p.unexpected()
	}
	return f, p.needsEventual, err
}

type parser struct {
	source        string
	tokens        []token
	at            int
	needsEventual bool
	variable      string // of the innermost any
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

// word reports whether the next token is that word, and skips it.
func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == nameToken && strings.EqualFold(t.text, w) {
		p.at++
		p.needsEventual = p.needsEventual || advanced[w]
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == symbolToken && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == endToken {
		return errorf("Invalid filter clause: '%s' ends too early.", p.source)
	}
	return errorf("Invalid filter clause: '%s' is not expected in '%s'.", t.text, p.source)
}

func (p *parser) or(depth int) (Filter, error) {
	left, err := p.and(depth)
	for err == nil && p.word("or") {
		var right Filter
		a := left
		if right, err = p.and(depth); err == nil {
			left = func(o Object) bool { return a(o) || right(o) }
		}
	}
	return left, err
}

func (p *parser) and(depth int) (Filter, error) {
	left, err := p.not(depth)
	for err == nil && p.word("and") {
		var right Filter
		a := left
		if right, err = p.not(depth); err == nil {
			left = func(o Object) bool { return a(o) && right(o) }
		}
	}
	return left, err
}

func (p *parser) not(depth int) (Filter, error) {
	if depth > maxDepth {
		return nil, errorf("Invalid filter clause: '%s' is nested too deeply.", p.source)
	}
	if p.word("not") {
		inner, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return func(o Object) bool { return !inner(o) }, nil
	}
	if p.symbol("(") {
		inner, err := p.or(depth + 1)
		if err == nil && !p.symbol(")") {
			err = p.unexpected()
		}
		return inner, err
	}
	return p.term(depth)
}

// term is a comparison, a function or an any.
func (p *parser) term(depth int) (Filter, error) {
	t := p.peek()
	if t.kind != nameToken {
		return nil, p.unexpected()
	}
	p.at++
	name := t.text
	if p.peek() == (token{symbolToken, "("}) {
		if collection, ok := strings.CutSuffix(name, "/any"); ok {
			return p.any(collection, depth)
		}
		return p.function(strings.ToLower(name))
	}
	if p.word("in") {
		return p.in(name)
	}
	path := p.path(name)
	for operator, want := range comparisons {
		if !p.word(operator) {
			continue
		}
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		return func(o Object) bool {
			order, comparable := compare(lookup(o, path), v)
			return want(order, comparable)
		}, nil
	}
	if p.peek().kind == endToken || p.peek().text == "and" || p.peek().text == "or" || p.peek().text == ")" { // isRead
		return func(o Object) bool { return lookup(o, path) == true }, nil
	}
	return nil, p.unexpected()
}

// comparisons by operator: what compare must give. Values that cannot be compared are only unequal.
var comparisons = map[string]func(order int, comparable bool) bool{
	"eq": func(o int, c bool) bool { return c && o == 0 },
	"ne": func(o int, c bool) bool { return !c || o != 0 },
	"gt": func(o int, c bool) bool { return c && o > 0 },
	"ge": func(o int, c bool) bool { return c && o >= 0 },
	"lt": func(o int, c bool) bool { return c && o < 0 },
	"le": func(o int, c bool) bool { return c && o <= 0 },
}

// path is a property path; the variable of an any stands for its item.
func (p *parser) path(name string) []string {
	parts := strings.Split(name, "/")
	if p.variable != "" && parts[0] == p.variable {
		parts[0] = itemKey
	}
	return parts
}

func (p *parser) in(name string) (Filter, error) {
	path := p.path(name)
	if !p.symbol("(") {
		return nil, p.unexpected()
	}
	var values []any
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if p.symbol(")") {
			break
		}
		if !p.symbol(",") {
			return nil, p.unexpected()
		}
	}
	return func(o Object) bool {
		have := lookup(o, path)
		for _, v := range values {
			if order, ok := compare(have, v); ok && order == 0 {
				return true
			}
		}
		return false
	}, nil
}
