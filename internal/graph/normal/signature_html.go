package normal

import (
	"html"
	"strings"
)

// breaks are the elements that begin a line where they begin or end.
var breaks = map[string]bool{
	"br": true, "p": true, "div": true, "li": true, "ul": true, "ol": true, "tr": true, "table": true, "hr": true, "body": true,
	"blockquote": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "pre": true,
}

// empty are the elements without an end.
var empty = map[string]bool{"br": true, "hr": true, "img": true, "meta": true, "link": true, "input": true, "col": true, "wbr": true}

// A tag is one of a text: its place, its name in lower case, whether it ends an element.
type tag struct {
	start, end int
	name       string
	ends       bool
}

// nextTag returns the first tag at or after i; ok is false where there is none.
func nextTag(text string, i int) (t tag, ok bool) {
	for {
		open := strings.IndexByte(text[i:], '<')
		if open < 0 {
			return tag{}, false
		}
		i += open
		if strings.HasPrefix(text[i:], "<!--") {
			end := strings.Index(text[i:], "-->")
			if end < 0 {
				return tag{}, false
			}
			i += end + len("-->")
			continue
		}
		end := strings.IndexByte(text[i:], '>')
		if end < 0 {
			return tag{}, false
		}
		t = tag{start: i, end: i + end + 1}
		inner := strings.TrimSpace(text[i+1 : i+end])
		inner, t.ends = strings.CutPrefix(inner, "/")
		if k := strings.IndexAny(inner, " /\t\r\n"); k >= 0 {
			inner = inner[:k]
		}
		t.name = strings.ToLower(inner)
		return t, true
	}
}

// htmlLines returns what a reader sees between the elements that break lines, each with the place where it begins: before the tags
// that open it.
func htmlLines(text string) []line {
	var lines []line
	var shown strings.Builder
	start, i := 0, 0
	end := func(next int) {
		lines = append(lines, line{start, html.UnescapeString(shown.String())})
		shown.Reset()
		start = next
	}
	for {
		t, ok := nextTag(text, i)
		if !ok {
			shown.WriteString(text[i:])
			end(len(text))
			return lines
		}
		shown.WriteString(text[i:t.start])
		switch {
		case !breaks[t.name]:
		case t.ends || empty[t.name]:
			end(t.end)
		default:
			end(t.start)
		}
		i = t.end
	}
}

// closers returns the end tags of the elements that are open at the end of a text.
func closers(text string) string {
	var open []string
	for i := 0; ; {
		t, ok := nextTag(text, i)
		if !ok {
			break
		}
		i = t.end
		switch {
		case empty[t.name] || t.name == "" || strings.HasPrefix(t.name, "!"):
		case !t.ends:
			open = append(open, t.name)
		default:
			for j := len(open) - 1; j >= 0; j-- {
				if open[j] == t.name {
					open = open[:j]
					break
				}
			}
		}
	}
	var b strings.Builder
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteString("</" + open[i] + ">")
	}
	return b.String()
}
