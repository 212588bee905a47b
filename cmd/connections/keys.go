package connections

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

// A kind says how the text of a command line becomes the value of a field.
type kind int

const (
	anything kind = iota // a field that mm does not know
	words                // text as it is
	flag                 // true or false
	list                 // JSON, or words between commas
	object               // JSON
)

// A key is a field of a connection.
type key struct {
	name    string
	kind    kind
	about   string              // for people who are asked for it
	doubt   func(string) string // why a value looks wrong, as the end of a sentence; empty: it looks right
	choices []string            // the values that are possible, where they are few
}

// keys are the fields that mm knows.
var keys = []key{
	{name: "appId", kind: words, about: "the app registration that signs in, a GUID", doubt: doubtApp},
	{name: "tenant", kind: words, about: "domain or tenant id, like contoso.onmicrosoft.com", doubt: doubtTenant},
	{name: "tenantId", kind: words, about: "tenant id, a GUID; compared with every sign-in", doubt: doubtID},
	{name: "expectedEmail", kind: words, about: "the account that signs in, like admin@contoso.com", doubt: doubtEmail},
	{name: "description", kind: words, about: "what people and assistants read in lists"},
	{name: "mcps", kind: list, about: "the MCP servers that may use it; mm is this one", doubt: doubtServers},
	{name: "skipSignatureStrip", kind: flag, about: "true: leave signatures in mails", choices: []string{"true", "false"}},
	{name: "skipSendGuards", kind: flag, about: "true: send without confirmation", choices: []string{"true", "false"}},
	{name: "moduleApps", kind: object, about: "app ids by module, like {\"exo\": \"GUID\"}", doubt: doubtApps},
	{name: "sharepoint_host", kind: words, about: "contoso of contoso.sharepoint.com", doubt: doubtHost},
	{name: "scopes", kind: list, about: "what to ask Graph for in place of all that the app may have"},
	{name: "signIn", kind: words, about: "shared: one sign-in for Graph and all modules; perModule: one for each", choices: []string{"shared", "perModule"}},
	{name: "cloud", kind: words, about: "the Microsoft cloud; public where it is missing",
		choices: []string{"public", "usgov", "usgovdod", "china", "sandbox"}},
	{name: "sandbox", kind: object, about: "where the sandbox is, for cloud sandbox"},
}

// knownKey returns the field of that name, without regard to case.
func knownKey(name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return strings.EqualFold(k.name, name) })
	if i < 0 {
		return key{name: name}, false
	}
	return keys[i], true
}

// A field is the place of a value in a connection: a field, or one app of moduleApps (moduleApps.exo).
type field struct {
	key
	path  []string
	known bool
}

// parseField reads the KEY of `edit`.
func parseField(text string) (field, error) {
	name := strings.TrimSpace(text)
	if name == "" || !utf8.ValidString(name) {
		return field{}, mm.Errorf(mm.BadRequest, "The fields are "+keyNames()+".", "The field has no name.")
	}
	if outer, module, ok := strings.Cut(name, "."); ok && strings.EqualFold(outer, "moduleApps") && module != "" {
		if m, ok := mm.ParseModule(module); ok {
			module = string(m)
		}
		return field{key{name: "moduleApps." + module, kind: words, doubt: doubtApp}, []string{"moduleApps", module}, true}, nil
	}
	k, known := knownKey(name)
	return field{k, []string{k.name}, known}, nil
}

func keyNames() string {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// parse returns the JSON of a value as people type it; nil where the field shall go: for null and for nothing.
func (f field) parse(text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, mm.Errorf(mm.BadRequest, "Use UTF-8.", "The value of %s is not text.", f.name)
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "null") {
		return nil, nil
	}
	switch f.kind {
	case flag:
		return f.parseFlag(text)
	case list:
		return parseList(text)
	case object:
		if !json.Valid([]byte(text)) || text[0] != '{' {
			return nil, mm.Errorf(mm.BadRequest, fmt.Sprintf("Want a JSON object: %s; null removes it.", f.about),
				"%q cannot be the value of %s.", text, f.name)
		}
		return []byte(text), nil
	case anything:
		if lower := strings.ToLower(text); lower == "true" || lower == "false" {
			return []byte(lower), nil
		}
		if strings.ContainsAny(text[:1], "{[") && json.Valid([]byte(text)) {
			return []byte(text), nil
		}
	}
	return registry.Text(text), nil
}

func (f field) parseFlag(text string) ([]byte, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return []byte("true"), nil
	case "false", "no", "0":
		return []byte("false"), nil
	}
	return nil, mm.Errorf(mm.BadRequest, "Want true or false; null removes it.", "%q cannot be the value of %s.", text, f.name)
}

// parseList reads a JSON list, or words between commas.
func parseList(text string) ([]byte, error) {
	if text[0] == '[' {
		if !json.Valid([]byte(text)) {
			return nil, mm.Errorf(mm.BadRequest, `Want a list like ["mm","graph"], or mm,graph.`, "%q is no JSON list.", text)
		}
		return []byte(text), nil
	}
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, string(registry.Text(item)))
		}
	}
	if len(items) == 0 {
		return nil, nil
	}
	return []byte("[" + strings.Join(items, ", ") + "]"), nil
}
