package odata

import (
	"strings"
	"unicode"
)

type tokenKind int

const (
	endToken    tokenKind = iota
	nameToken             // a property path, a function, an operator's word, a number, a date
	textToken             // 'quoted', without its quotes
	symbolToken           // ( ) , :
)

type token struct {
	kind tokenKind
	text string
}

// lex splits a filter into its tokens.
func lex(filter string) ([]token, error) {
	var out []token
	for rest := filter; rest != ""; {
		switch c := rest[0]; {
		case c == ' ' || c == '\t':
			rest = rest[1:]
		case strings.IndexByte("(),", c) >= 0:
			out = append(out, token{symbolToken, rest[:1]})
			rest = rest[1:]
		case c == '\'':
			text, after, ok := quoted(rest)
			if !ok {
				return nil, errorf("There is an unterminated string literal at position %d in '%s'.", len(filter)-len(rest), filter)
			}
			out = append(out, token{textToken, text})
			rest = after
		default:
			end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(),'", r) })
			if end < 0 {
				end = len(rest)
			}
			out = append(out, token{nameToken, rest[:end]})
			rest = rest[end:]
		}
	}
	return append(out, token{kind: endToken}), nil
}

// quoted reads a literal in quotes, in which a quote is doubled.
func quoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), s[i+1:], true
	}
	return "", "", false
}
