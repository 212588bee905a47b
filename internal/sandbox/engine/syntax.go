package engine

import (
	"strconv"
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// A node is a statement.
type node interface {
	run(*run) error
}

// An expression has a value.
type expression interface {
	value(*run) any
}

// place is where something stands in a script; line and column count from 1.
type place struct{ line, column int }

// The statements.
type (
	show     struct{ what expression } // emits a value
	sequence struct{ from, to int64 }  // A..B
	repeat   struct {                  // 'x' * N
		text  string
		times int
	}
	assign struct { // $NAME = STATEMENT
		name string
		what node
	}
	define struct { // function NAME { BODY }
		name string
		body []node
	}
	forever struct{ body []node } // while ($true) { BODY }
	throw   struct {              // throw VALUE
		what  expression
		place place
	}
	leave  struct{ what expression } // exit VALUE
	static struct {                  // [TYPE]::MEMBER(VALUES)
		member string
		values []expression
	}
	command struct { // NAME -PARAMETER VALUE …
		name       string
		parameters []parameter
		arguments  []expression
		place      place
	}
	pipeline struct{ stages []command } // two or more
)

// The expressions.
type (
	literal  struct{ v any } // string, int64, float64, bool, nil
	variable struct{ name, member string }
	list     struct{ items []expression }
	table    struct { // @{NAME=VALUE; …}
		names  []string
		values []expression
	}
)

// A parameter is a named parameter of a command; what is nil for a switch.
type parameter struct {
	name string
	what expression
}

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

// A parser reads a script from left to right. It panics with a mm.ParseIssue, which parse turns into its result.
type parser struct {
	text  string
	at    int
	depth int
}

// maxDepth bounds blocks within blocks.
const maxDepth = 50

func (p *parser) done() bool { return p.at >= len(p.text) }

func (p *parser) peek() byte {
	if p.done() {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.text[p.at:], prefix) }

// take moves on where the text goes on with prefix.
func (p *parser) take(prefix string) bool {
	if !p.has(prefix) {
		return false
	}
	p.at += len(prefix)
	return true
}

// need is take for what has to be there.
func (p *parser) need(text string) {
	if p.spaces(); !p.take(text) {
		p.unknown(p.at)
	}
}

// spaces skips blanks and comments within a line; lines skips line ends too.
func (p *parser) spaces() { p.skip(" \t\r") }
func (p *parser) lines()  { p.skip(" \t\r\n") }

func (p *parser) skip(set string) {
	for !p.done() {
		switch {
		case strings.IndexByte(set, p.peek()) >= 0:
			p.at++
		case p.peek() == '#':
			if end := strings.IndexByte(p.text[p.at:], '\n'); end >= 0 {
				p.at += end
			} else {
				p.at = len(p.text)
			}
		default:
			return
		}
	}
}

// word reads what is made of bytes of which ok holds.
func (p *parser) word(ok func(byte) bool) string {
	start := p.at
	for !p.done() && ok(p.peek()) {
		p.at++
	}
	return p.text[start:p.at]
}

func letter(c byte) bool   { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= utf8.RuneSelf }
func digit(c byte) bool    { return c >= '0' && c <= '9' }
func nameByte(c byte) bool { return letter(c) || digit(c) }

// bare reports whether c belongs to a word without quotes.
func bare(c byte) bool { return strings.IndexByte(" \t\r\n;|{}(),'\"`&<>", c) < 0 }

// where returns the place of an offset.
func (p *parser) where(at int) place {
	before := p.text[:at]
	line := strings.LastIndexByte(before, '\n') + 1
	return place{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[line:]) + 1}
}

// fail ends the parse.
func (p *parser) fail(at int, id, message string) {
	w := p.where(at)
	panic(mm.ParseIssue{Message: message, ID: id, Line: w.line, Column: w.column})
}

// unknown ends the parse at something that PowerShell may know but this engine does not.
func (p *parser) unknown(at int) {
	rest := []rune(p.text[at:min(len(p.text), at+80)])
	if len(rest) == 0 {
		p.fail(at, "IncompleteParse", "The script ends in the middle of a statement.")
	}
	p.fail(at, "NotKnownToStandIn", "The stand-in engine does not know what begins here: "+string(rest[:min(len(rest), 20)])+". "+standIn)
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
