package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// maxGraphBody is how many bytes of JSON a request can have; more goes by --body-file.
const maxGraphBody = 4 << 20

// readBody returns the JSON of --body: text itself, that of a file where it begins with @, that of stdin where it is -.
func readBody(text string, stdin io.Reader, stderr io.Writer) (json.RawMessage, error) {
	name, body := "--body", []byte(text)
	switch path, file := strings.CutPrefix(text, "@"); {
	case text == "":
		return nil, nil
	case file:
		f, err := os.Open(path)
		if err != nil {
			return nil, usageError{fmt.Errorf("the body cannot be read: %w", err)}
		}
		defer func() { _ = f.Close() }()
		name, stdin = path, f
		fallthrough
	case text == "-":
		if !file {
			name = "standard input"
			if f, ok := stdin.(*os.File); ok && newScreen(f).terminal() {
				fmt.Fprintln(stderr, "Type the JSON; Ctrl-D at the beginning of a line ends it.")
			}
		}
		var err error
		if body, err = io.ReadAll(io.LimitReader(stdin, maxGraphBody+1)); err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", name, err)
		}
	}
	if len(body) > maxGraphBody {
		return nil, usageError{fmt.Errorf("%s is longer than %d MiB; send it with --body-file", name, maxGraphBody>>20)}
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return nil, usageError{fmt.Errorf("%s is empty; it must have JSON", name)}
	}
	var parsed json.RawMessage
	if err := json.Unmarshal(body, &parsed); err != nil {
		at := ""
		if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
			before := body[:bad.Offset]
			at = fmt.Sprintf(" at line %d, column %d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')-1)
		}
		return nil, usageError{fmt.Errorf("%s is not JSON%s: %w; put it in single quotes, with double ones inside", name, at, err)}
	}
	return body, nil
}

// readHeaders reads NAME=VALUE, or NAME: VALUE as other programs have it.
func readHeaders(list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	headers := map[string]string{}
	for _, h := range list {
		at := strings.IndexAny(h, "=:")
		if at <= 0 {
			return nil, usageError{fmt.Errorf("--header %q is not NAME=VALUE; the headers are %s", h, strings.Join(mm.GraphHeaders(), ", "))}
		}
		headers[strings.TrimSpace(h[:at])] = strings.TrimSpace(h[at+1:])
	}
	return headers, nil
}
