package graph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// noContent is what an answer without content is to a caller.
var noContent = json.RawMessage(`{"message": "OK (no content)"}`)

// read makes the result of an answer that is no failure. It closes the body.
func (r *run) read(resp *http.Response) (mm.GraphResult, error) {
	defer func() { _ = resp.Body.Close() }()
	result := mm.GraphResult{HTTPStatus: resp.StatusCode, Count: -1, Items: -1}
	body := bufio.NewReader(resp.Body)
	start, err := body.Peek(512)
	if len(start) == 0 {
		if err != io.EOF {
			return result, r.brokenBody(err)
		}
		r.readNothing(resp, &result)
		return result, nil
	}
	switch kind := kindOf(resp.Header, start); {
	case r.call.SaveTo != "" && r.namesFile(), kind == kindFile:
		return result, r.download(resp, body, &result)
	case kind == kindJSON:
		return result, r.readJSON(body, &result)
	case kind == kindHTML && !r.namesFile():
		return result, r.fail(proxyRemedy, "An HTML page came in place of "+r.service()+"'s answer.")
	case r.call.SaveTo != "":
		return result, r.download(resp, body, &result)
	}
	return result, r.readText(body, &result)
}

// namesFile reports whether the path is that of a file's content, whatever type that has.
func (r *run) namesFile() bool {
	p := r.call.Path
	return strings.HasSuffix(p, "/content") || strings.HasSuffix(p, "/$value") || strings.HasSuffix(p, "/contentstream")
}

// readNothing makes the result of an answer without a body.
func (r *run) readNothing(resp *http.Response, result *mm.GraphResult) {
	result.Data = noContent
	switch {
	case resp.StatusCode == http.StatusNotModified:
		result.Data = json.RawMessage(`{"message": "Not modified"}`)
	case resp.StatusCode == http.StatusAccepted:
		result.Data = json.RawMessage(`{"message": "Accepted"}`)
		r.noteAccepted()
	case r.call.Method == http.MethodGet && resp.StatusCode == http.StatusOK:
		r.note("The service answered 200 with an empty body, where an answer belongs.")
	}
}

// noteAccepted says what 202 means: it is done later, and a repeat does it twice.
func (r *run) noteAccepted() {
	last := r.call.Path[strings.LastIndex(r.call.Path, "/")+1:]
	switch last {
	case "sendmail", "send", "reply", "replyall", "forward", "cancel", "accept", "decline", "tentativelyaccept", "run", "resubmit":
		r.note("The service accepted it and sends it now. It must not be repeated.")
	default:
		r.note("The service accepted it and works on it. Do not repeat it; look at its result later.")
	}
}

type kind int

const (
	kindFile kind = iota
	kindJSON
	kindText
	kindHTML
)

// kindOf judges by the media type, and by how the body starts where that says nothing.
func kindOf(h http.Header, start []byte) kind {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	begins := func(with string) bool {
		text := bytes.TrimLeft(start, " \r\n\t\ufeff")
		return len(text) >= len(with) && strings.EqualFold(string(text[:len(with)]), with)
	}
	looksJSON := begins("{") || begins("[")
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		if begins("<!doctype") || begins("<html") {
			return kindHTML
		}
		return kindJSON
	case media == "text/html" || media == "application/xhtml+xml":
		return kindHTML
	case err != nil || media == "text/plain":
		if looksJSON {
			return kindJSON
		}
		if utf8.Valid(trimPartial(start)) && !bytes.ContainsRune(start, 0) {
			return kindText
		}
		return kindFile
	case strings.HasPrefix(media, "text/") || media == "application/xml" || strings.HasSuffix(media, "+xml") && media != "image/svg+xml":
		return kindText
	}
	return kindFile
}

// trimPartial cuts a character that is not whole off the end.
func trimPartial(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// readText keeps the lines that fit.
func (r *run) readText(body io.Reader, result *mm.GraphResult) error {
	most := int64(r.call.MaxChars)
	b, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return r.brokenBody(err)
	}
	text := strings.TrimPrefix(string(b), "\ufeff")
	if valid := strings.ToValidUTF8(text, "\ufffd"); valid != text {
		text = valid
		r.note("The answer holds bytes that are no UTF-8; they are shown as \ufffd.")
	}
	if int64(len(b)) > most {
		rest, err := io.Copy(io.Discard, io.LimitReader(body, maxAnswer))
		if err != nil {
			return r.brokenBody(err)
		}
		cut := len(text)
		if line := strings.LastIndexByte(text, '\n'); line > 0 {
			cut = line + 1
		}
		result.Truncated = &mm.Truncated{KeptChars: int64(cut), DroppedChars: rest + int64(len(text)-cut)}
		text = text[:cut]
		r.note("The text was cut. Save it whole with save_to.")
	}
	result.Text = text
	return nil
}

// readJSON keeps the items that fit.
func (r *run) readJSON(body io.Reader, result *mm.GraphResult) error {
	d, err := r.document(body, r.room())
	if err != nil {
		return err
	}
	d.into(r, result)
	return nil
}

// room is how much of an answer is kept. What goes through jq is bounded behind it.
func (r *run) room() room {
	chars := r.call.MaxChars
	if r.call.JQ != "" {
		chars = max(chars, maxSelected)
	}
	return room{items: r.call.MaxItems, chars: chars}
}

// document reads a JSON answer, and says what is wrong with one that is none.
func (r *run) document(body io.Reader, fits room) (*document, error) {
	d, err := readDocument(body, fits, strings.HasPrefix(r.call.Path, "planner/") || strings.Contains(r.call.Path, "/planner/"))
	var syntax *json.SyntaxError
	switch {
	case err == nil:
	case errors.Is(err, errTooLarge):
		return nil, r.fail("Ask for less: $select the properties that you need, or lower $top.",
			fmt.Sprintf("%s's answer is larger than %d characters and is no list that could be cut.", r.service(), fits.chars))
	case errors.As(err, &syntax):
		return nil, r.fail(againRemedy(r.executed), r.service()+"'s answer is not valid JSON.")
	default:
		return nil, r.brokenBody(err)
	}
	if d.repaired {
		r.note("The answer holds bytes that are no UTF-8; they are shown as \ufffd.")
	}
	return d, nil
}

const proxyRemedy = "Something between this machine and the service answered: a proxy, a firewall, a sign-in page of the network. " +
	"Open the service's address in a browser, or ask who runs the network."

// againRemedy says whether to repeat a request whose answer was lost.
func againRemedy(e mm.Executed) string {
	switch e {
	case mm.ExecutedNo:
		return "Try again."
	case mm.ExecutedYes:
		return "It was done; only the answer is lost. Read what came of it, and do not repeat it."
	}
	return "It may have been done: look before you repeat it."
}
