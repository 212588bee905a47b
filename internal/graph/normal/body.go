package normal

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

const jsonType = "application/json"

func setBody(call *mm.GraphCall, c mm.Connection, r mm.GraphRequest) *mm.Error {
	if err := setFile(call, r); err != nil {
		return err
	}
	if call.Path == batchTarget {
		return setBatch(call, c, r.Body)
	}
	if noBody(call.Method, r.Body) {
		return nil
	}
	if takesNone(call.Method) {
		return refuse("Send it without a body; what a GET asks for goes into the query.", "%s takes no body.", call.Method)
	}
	if text, ok := textBody(call, r); ok {
		return text
	}
	b, err := readBody(r.Body, !takesFile(call))
	if err != nil {
		return err
	}
	call.Body, call.Confirmed = b.json, b.confirmed
	if call.BodyFile == "" {
		call.ContentType = jsonType
	}
	call.Notes = append(call.Notes, b.notes...)
	return nil
}

func takesNone(method string) bool { return method == "GET" || method == "HEAD" || method == "DELETE" }

// setFile takes the file that is sent. An upload session alone may have a body beside it, which describes the item.
func setFile(call *mm.GraphCall, r mm.GraphRequest) *mm.Error {
	if r.BodyFile == "" {
		return nil
	}
	if takesNone(call.Method) {
		return refuse("Use PUT to …/content.", "%s takes no file.", call.Method)
	}
	if !noBody("GET", r.Body) && !strings.HasSuffix(call.Path, "/createuploadsession") {
		return refuse("Send body or body_file.", "The request has a body and a file.")
	}
	if !takesFile(call) {
		return refuse("Files go by PUT to …/content or …/$value, or by POST to …/createUploadSession; send anything else as body.",
			"%s takes no file: what is sent there must be judged first.", shown(call.Path))
	}
	if err := checkName("body_file", r.BodyFile); err != nil {
		return err
	}
	kind, err := contentType(r.ContentType)
	if err != nil {
		return err
	}
	call.BodyFile, call.ContentType = r.BodyFile, kind
	return nil
}

// takesFile reports whether a request takes a file as it is, whatever is in it: the content of an item, a picture, a piece of an
// upload. Anywhere else a body says what is to be done.
func takesFile(call *mm.GraphCall) bool {
	last := call.Path[strings.LastIndex(call.Path, "/")+1:]
	switch call.Method {
	case "POST":
		return last == "createuploadsession"
	case "PUT", "PATCH":
		return last == "content" || last == "$value" || last == "contentstream" || strings.Contains(call.Path, "/branding/")
	}
	return false
}

// contentType is a media type in its one form.
func contentType(s string) (string, *mm.Error) {
	if s == "" {
		return "", nil
	}
	kind, parameters, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(kind, "/") || len(s) > MaxHeader {
		return "", refuse("Use one as text/csv.", "The content type %s is none.", shown(s))
	}
	return mime.FormatMediaType(kind, parameters), nil
}

// textBody takes a JSON string for the text of a file, page or message where one is sent: PUT to …/content and …/$value, or
// wherever the content type is one of text. ok is false where the body is to be taken for JSON.
func textBody(call *mm.GraphCall, r mm.GraphRequest) (err *mm.Error, ok bool) {
	kind, err := contentType(r.ContentType)
	if err != nil {
		return err, true
	}
	file := call.Method == "PUT" && (strings.HasSuffix(call.Path, "/content") || strings.HasSuffix(call.Path, "/$value"))
	isText := strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/xml") || strings.HasPrefix(kind, "application/xhtml+xml")
	var text string
	if !file && !isText || json.Unmarshal(r.Body, &text) != nil {
		return nil, false
	}
	if len(text) > MaxBody {
		return tooLarge(len(text)), true
	}
	if !isText {
		kind = "text/plain; charset=utf-8"
	}
	call.Body, call.ContentType = []byte(text), kind
	return nil, true
}

// A body is JSON that was checked.
type body struct {
	json      []byte
	confirmed bool
	notes     []string
}

// readBody checks a body and brings it into the form that is sent: without space, and, unless it is a file, without confirmed.
func readBody(raw []byte, asks bool) (body, *mm.Error) {
	var out body
	if len(raw) > 2*MaxBody { // as a string in a string it may be longer
		return body{}, tooLarge(len(raw))
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		inner := strings.TrimSpace(text)
		if inner == "" || inner[0] != '{' && inner[0] != '[' {
			return body{}, refuse("Send the body as a JSON object.", "The body is text, and no JSON object.")
		}
		raw, out.notes = []byte(inner), []string{"The body came as text that holds JSON; it was sent as that JSON."}
	}
	if len(raw) > MaxBody {
		return body{}, tooLarge(len(raw))
	}
	if err := checkJSON(raw); err != nil {
		return body{}, err
	}
	if asks {
		raw, out.confirmed = withoutConfirmed(raw)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return body{}, notJSON(err)
	}
	out.json = compact.Bytes()
	return out, nil
}

func tooLarge(n int) *mm.Error {
	return refuse("Put it into a file below files/ and send that as body_file.", "The body has %d bytes; it can have %d.", n, MaxBody)
}

func notJSON(err error) *mm.Error {
	return refuse("Send a JSON object.", "The body is not valid JSON: %v.", err)
}

// checkJSON refuses what is no JSON object or array, is nested too deep, or has the same name twice in one object: two readers
// could take such a body for two different things. Names that differ only in case are the same.
func checkJSON(raw []byte) *mm.Error {
	if !utf8.Valid(raw) {
		return refuse("Send it as UTF-8.", "The body is not valid UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var open []level
	for first := true; ; first = false {
		token, err := d.Token()
		if err == io.EOF && len(open) == 0 && !first {
			return nil
		}
		if err != nil {
			return notJSON(err)
		}
		delim, isDelim := token.(json.Delim)
		if len(open) == 0 {
			if !isDelim {
				return refuse("Send a JSON object.", "The body is no JSON object or array.")
			}
			if !first {
				return refuse("Send one JSON object.", "The body holds more than one value.")
			}
		}
		if len(open) > 0 && !(isDelim && (delim == '}' || delim == ']')) {
			if twice, again := open[len(open)-1].see(token); again {
				return refuse("Send each name once; names that differ only in case are the same to the service.",
					"The body has the name %s twice in one object.", shown(twice))
			}
		}
		switch {
		case isDelim && (delim == '{' || delim == '['):
			if len(open) == MaxDepth {
				return refuse("Send it flatter.", "The body is nested more than %d deep.", MaxDepth)
			}
			open = append(open, level{object: delim == '{'})
		case isDelim:
			open = open[:len(open)-1]
		}
	}
}

// A level is an object or array that is open.
type level struct {
	object bool
	value  bool // what comes next is the value of a name
	names  map[string]bool
}

// see takes the next token of the level, and reports whether it is a name that was there before.
func (l *level) see(token json.Token) (name string, again bool) {
	if !l.object {
		return "", false
	}
	if l.value {
		l.value = false
		return "", false
	}
	l.value = true
	name, _ = token.(string)
	if again = l.names[fold(name)]; again {
		return name, true
	}
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[fold(name)] = true
	return name, false
}

// withoutConfirmed takes confirmed out of an object, and says whether it was true.
func withoutConfirmed(object []byte) ([]byte, bool) {
	var kept [][]byte
	found, confirmed := false, false
	for name, value := range Members(object) {
		var plain string
		if json.Unmarshal(name, &plain) == nil && strings.EqualFold(plain, "confirmed") && flag(value) {
			found, confirmed = true, strings.EqualFold(strings.Trim(string(value), `"`), "true")
			continue
		}
		kept = append(kept, bytes.Join([][]byte{name, value}, []byte(":")))
	}
	if !found {
		return object, false
	}
	return []byte("{" + string(bytes.Join(kept, []byte(","))) + "}"), confirmed
}

// flag reports whether value is a boolean, or one in quotes.
func flag(value []byte) bool {
	switch strings.ToLower(strings.Trim(string(value), `"`)) {
	case "true", "false":
		return true
	}
	return false
}
