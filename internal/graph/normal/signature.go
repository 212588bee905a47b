package normal

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// signatureNote is what the answer says of a mail whose end was cut.
const signatureNote = "The closing and signature at the end of the mail were cut, because the mailbox adds its own; " +
	"skipSignatureStrip in the connection leaves them."

// strippable returns where the text of a mail is in the body of a request: the paths of members. A path that is none of mail
// gives none: in chats and channels a closing word is part of what is said.
func strippable(method, path string) [][]string {
	parts := strings.Split(path, "/")
	if !inMail(parts) || method != "POST" && method != "PATCH" {
		return nil
	}
	switch parts[len(parts)-1] {
	case "sendmail":
		return [][]string{{"message", "body", "content"}}
	case "reply", "replyall", "forward", "createreply", "createreplyall", "createforward":
		return [][]string{{"comment"}, {"message", "body", "content"}}
	}
	if last := len(parts) - 1; parts[last] == "messages" && method == "POST" || parts[last-1] == "messages" && method == "PATCH" {
		return [][]string{{"body", "content"}}
	}
	return nil
}

// setSignature cuts the signature of a mail before it is judged and shown.
func setSignature(call *mm.GraphCall, c mm.Connection, _ mm.GraphRequest) *mm.Error {
	if call.Resource != mm.GraphResource || call.ContentType != jsonType || call.BodyFile != "" || len(call.Body) == 0 {
		return nil
	}
	if body, cut := stripSignature(c, call.Method, call.Path, call.Body); cut {
		call.Body, call.Notes = body, append(call.Notes, signatureNote)
	}
	return nil
}

// inMail reports whether a path is below somebody's mailbox.
func inMail(parts []string) bool {
	rest := parts
	switch {
	case parts[0] == "me":
		rest = parts[1:]
	case parts[0] == "users" && len(parts) > 2:
		rest = parts[2:]
	default:
		return false
	}
	return len(rest) > 0 && (rest[0] == "sendmail" || rest[0] == "messages" || rest[0] == "mailfolders")
}

// stripSignature cuts the closing and signature at the end of a mail. It returns the body as it is where there is none.
func stripSignature(c mm.Connection, method, path string, object []byte) ([]byte, bool) {
	cut := false
	if c.SkipSignatureStrip {
		return object, false
	}
	for _, at := range strippable(method, path) {
		object = edit(object, at, func(text string, html bool) string {
			for {
				shorter := withoutClosing(text, html)
				if shorter == text {
					return text
				}
				text, cut = shorter, true
			}
		})
	}
	return object, cut
}

// edit replaces the string at a path of members; names are compared without regard to case, as Graph does. html tells
// whether a sibling contentType says so.
func edit(object []byte, path []string, change func(text string, html bool) string) []byte {
	html := false
	for name, value := range Members(object) {
		if unquoted(name) == "contenttype" {
			html = strings.EqualFold(unquoted(value), "html")
		}
	}
	out, changed := []byte{'{'}, false
	for name, value := range Members(object) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, name...), ':')
		if !strings.EqualFold(unquoted(name), path[0]) {
			out = append(out, value...)
			continue
		}
		if len(path) > 1 {
			inner := edit(value, path[1:], change)
			changed = changed || string(inner) != string(value)
			out = append(out, inner...)
			continue
		}
		var text string
		if value[0] != '"' || json.Unmarshal(value, &text) != nil {
			out = append(out, value...)
			continue
		}
		if edited := change(text, html); edited != text {
			value, _ = encodeJSON(edited) // a string cannot fail
			changed = true
		}
		out = append(out, value...)
	}
	if !changed {
		return object
	}
	return append(out, '}')
}

// unquoted is a JSON string in lower case; anything else gives "".
func unquoted(raw []byte) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.ToLower(s)
}

// closing matches a line that begins a closing: the phrase, and after it nothing but what goes with it. A sentence that begins
// with "Thanks for" is none.
var closing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[\s\x{a0}]*(?:(?:best|kind|warm)(?: |\x{a0})regards|sincerely(?: yours)?|respectfully(?: yours)?|cheers|` +
		`thanks|thank(?: |\x{a0})you|many thanks)(?:(?: |\x{a0})(?:so much|very much|a lot|again|in advance|and (?:best|kind|warm) regards))?` +
		`[\s\x{a0}]*(?:[,.!;–—-].{0,40})?$|^[\s\x{a0}]*sent from my .{1,60}$|^[\s\x{a0}]*--[\s\x{a0}]*$`)
})

// The end of a mail is at most so many lines that are not empty, none of them longer than a name or a telephone number takes.
const (
	closingLines = 8
	closingWidth = 100
)

// withoutClosing cuts the last closing line of a text near its end, with all that follows.
func withoutClosing(text string, html bool) string {
	lines := plainLines(text)
	if html {
		lines = htmlLines(text)
	}
	after := 0
	for i := len(lines) - 1; i >= 0 && after <= closingLines; i-- {
		shown := strings.TrimSpace(lines[i].text)
		if shown == "" {
			continue
		}
		if closing().MatchString(shown) {
			if before := text[:lines[i].start]; html {
				return strings.TrimRight(before, " \t\r\n") + closers(before)
			} else {
				return strings.TrimRight(before, " \t\r\n")
			}
		}
		if len(shown) > closingWidth {
			return text
		}
		after++
	}
	return text
}

// A line is one as a reader sees it, and where it begins in the text.
type line struct {
	start int
	text  string
}

func plainLines(text string) []line {
	var lines []line
	start := 0
	for part := range strings.SplitAfterSeq(text, "\n") {
		lines = append(lines, line{start, part})
		start += len(part)
	}
	return lines
}
