package engine

import (
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

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
