package engine

import (
	"strings"

	mm "github.com/microsoft-master/mm"
)

// parse reads a script. The issue, if there is one, says where the script leaves what this engine knows.
func parse(script string) (body []node, issue *mm.ParseIssue) {
	p := &parser{text: strings.TrimPrefix(script, "\ufeff")}
	defer func() {
		if r := recover(); r != nil {
			i, ok := r.(mm.ParseIssue)
			if !ok {
				panic(r)
			}
			body, issue = nil, &i
		}
	}()
	body = p.block(0)
	if !p.done() {
		p.unknown(p.at)
	}
	return body, nil
}

// block reads statements up to the byte end, which it leaves; 0 is the end of the script.
func (p *parser) block(end byte) []node {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.at, "ScriptTooComplicated", "The script has too many blocks within blocks.")
	}
	defer func() { p.depth-- }()
	var body []node
	for {
		p.skip(" \t\r\n;")
		if p.done() || end != 0 && p.peek() == end {
			return body
		}
		body = append(body, p.statement())
		p.spaces()
		if c := p.peek(); !p.done() && c != ';' && c != '\n' && (end == 0 || c != end) {
			p.unknown(p.at)
		}
	}
}

// braces reads { BODY }.
func (p *parser) braces() []node {
	p.lines()
	p.need("{")
	body := p.block('}')
	p.need("}")
	return body
}

func (p *parser) statement() node {
	start := p.at
	switch c := p.peek(); {
	case c == '\'' || c == '"' || digit(c) || c == '-':
		return p.literals()
	case c == '$':
		v := p.variable()
		p.spaces()
		if v.member == "" && p.take("=") {
			p.lines()
			return assign{v.name, p.statement()}
		}
		return show{v}
	case c == '@':
		return show{p.expression()}
	case c == '[':
		return p.static()
	case letter(c):
		switch word := p.word(bare); strings.ToLower(word) {
		case "function":
			p.spaces()
			name := p.word(bare)
			return define{name, p.braces()}
		case "while":
			p.need("(")
			p.need("$true")
			p.need(")")
			return forever{p.braces()}
		case "throw":
			p.spaces()
			return throw{p.expression(), p.where(start)}
		case "exit":
			p.spaces()
			if c := p.peek(); digit(c) || c == '-' {
				return leave{p.expression()}
			}
			return leave{literal{int64(0)}}
		default:
			return p.pipeline(word, start)
		}
	}
	p.unknown(start)
	return nil
}

// literals reads a statement that begins with a text or a number.
func (p *parser) literals() node {
	start := p.at
	first := p.atom().(literal)
	switch from, isInt := first.v.(int64); {
	case isInt && p.take(".."):
		to, ok := p.atom().(literal)
		if n, isInt := to.v.(int64); ok && isInt {
			return sequence{from, n}
		}
		p.unknown(start)
	case p.timesFollows():
		text, isText := first.v.(string)
		n, ok := p.atom().(literal)
		if times, isInt := n.v.(int64); ok && isText && isInt && times >= 0 && times*int64(len(text)) <= mm.DefaultMaxChars {
			return repeat{text, int(times)}
		}
		p.unknown(start)
	}
	return show{p.more(first)}
}

func (p *parser) timesFollows() bool {
	p.spaces()
	if !p.take("*") {
		return false
	}
	p.spaces()
	return true
}

// pipeline reads a command whose name has been read, and those that it is piped into.
func (p *parser) pipeline(name string, start int) node {
	stages := []command{p.command(name, start)}
	for p.spaces(); p.peek() == '|' && !p.has("||"); p.spaces() {
		p.at++
		p.lines()
		start := p.at
		stages = append(stages, p.command(p.word(bare), start))
	}
	if len(stages) == 1 {
		return stages[0]
	}
	return pipeline{stages}
}

func (p *parser) command(name string, start int) command {
	if name == "" {
		p.unknown(start)
	}
	c := command{name: name, place: p.where(start)}
	for {
		p.spaces()
		switch b := p.peek(); {
		case p.done() || strings.IndexByte(";\n|})", b) >= 0:
			return c
		case b == '-' && p.at+1 < len(p.text) && letter(p.text[p.at+1]):
			p.at++
			par := parameter{name: p.word(nameByte)}
			colon := p.take(":")
			p.spaces()
			if b := p.peek(); colon || !p.done() && strings.IndexByte(";\n|})", b) < 0 &&
				!(b == '-' && p.at+1 < len(p.text) && letter(p.text[p.at+1])) {
				par.what = p.expression()
			}
			c.parameters = append(c.parameters, par)
		default:
			c.arguments = append(c.arguments, p.expression())
		}
	}
}

// statics are the members of .NET types that the engine knows.
var statics = []string{"[Console]::WriteLine", "[Console]::Write", "[Console]::Error.WriteLine", "[Environment]::Exit",
	"[Threading.Thread]::Sleep"}

// static reads what begins with a type.
func (p *parser) static() node {
	if p.take("[pscustomobject]@{") {
		return show{p.table()}
	}
	for _, s := range statics {
		if !p.take(s + "(") {
			continue
		}
		p.spaces()
		c := static{member: s}
		if p.peek() != ')' {
			c.values = append(c.values, p.expression())
		}
		p.need(")")
		return c
	}
	p.unknown(p.at)
	return nil
}
