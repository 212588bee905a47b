package engine

import (
	"strconv"
	"strings"
)

// expression reads a value, or several with commas between them.
func (p *parser) expression() expression { return p.more(p.atom()) }

func (p *parser) more(first expression) expression {
	items := []expression{first}
	for p.spaces(); p.take(","); p.spaces() {
		p.lines()
		items = append(items, p.atom())
	}
	if len(items) == 1 {
		return first
	}
	return list{items}
}

func (p *parser) atom() expression {
	start := p.at
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		return literal{p.quoted(c)}
	case c == '$':
		return p.variable()
	case p.take("@{"):
		return p.table()
	case p.take("@("):
		items := []expression{}
		for p.lines(); !p.take(")"); p.lines() {
			items = append(items, p.atom())
			if p.lines(); !p.take(",") && p.peek() != ')' {
				p.unknown(p.at)
			}
		}
		return list{items}
	case c == '(' || c == '@' || c == '{':
		p.unknown(start)
	}
	return literal{p.bareword(start)}
}

// bareword reads a number or a word without quotes.
func (p *parser) bareword(start int) any {
	word := p.word(bare)
	if number, rest, isRange := strings.Cut(word, ".."); isRange && number != "" && rest != "" {
		p.at = start + len(number)
		word = number
	}
	if word == "" || strings.Contains(word, "$") {
		p.unknown(start)
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n
	}
	if digit(word[0]) || word[0] == '-' {
		if f, err := strconv.ParseFloat(word, 64); err == nil {
			return f
		}
	}
	return word
}

// quoted reads a text. In double quotes nothing is replaced: a variable in it is not known here.
func (p *parser) quoted(quote byte) string {
	start := p.at
	p.at++
	var b strings.Builder
	for !p.done() {
		c := p.peek()
		p.at++
		switch {
		case c != quote:
			if quote == '"' && (c == '$' || c == '`') {
				p.unknown(p.at - 1)
			}
			b.WriteByte(c)
		case p.peek() == quote:
			b.WriteByte(quote)
			p.at++
		default:
			return b.String()
		}
	}
	p.fail(start, "TerminatorExpectedAtEndOfString", "The string is missing the terminator: "+string(quote)+".")
	return ""
}

func (p *parser) variable() variable {
	start := p.at
	p.at++
	v := variable{name: p.word(nameByte)}
	if v.name == "" {
		p.unknown(start)
	}
	if p.peek() == '.' {
		p.at++
		if v.member = p.word(nameByte); v.member == "" {
			p.unknown(start)
		}
	}
	return v
}

// table reads NAME=VALUE pairs up to the brace.
func (p *parser) table() table {
	var t table
	for p.skip(" \t\r\n;"); !p.take("}"); p.skip(" \t\r\n;") {
		start := p.at
		var name string
		if c := p.peek(); c == '\'' || c == '"' {
			name = p.quoted(c)
		} else {
			name = p.word(nameByte)
		}
		if name == "" {
			p.unknown(start)
		}
		p.need("=")
		p.spaces()
		t.names, t.values = append(t.names, name), append(t.values, p.expression())
	}
	return t
}
