package registry

import (
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// text reads a string member of v, without the spaces around it; absent and null are empty. path names v in a complaint.
func text(v value, name, path string) (string, *fault) {
	m, ok := v.member(name)
	if !ok {
		return "", nil
	}
	return asText(m, path+"."+name)
}

func asText(v value, path string) (string, *fault) {
	if v.kind != kindString {
		return "", faultAt(v, "%s: want a string, got %s", path, v.kind)
	}
	return strings.TrimSpace(v.text), nil
}

// truth reads a boolean member of v; people also write booleans as strings. Absent, null and empty are false.
func truth(v value, name, path string) (bool, *fault) {
	m, ok := v.member(name)
	if !ok || m.kind == kindBool {
		return m.truth, nil
	}
	if m.kind == kindString {
		switch strings.ToLower(strings.TrimSpace(m.text)) {
		case "true", "yes", "1":
			return true, nil
		case "false", "no", "0", "":
			return false, nil
		}
		return false, faultAt(m, "%s.%s: want true or false, got %q", path, name, m.text)
	}
	return false, faultAt(m, "%s.%s: want true or false, got %s", path, name, m.kind)
}

// texts reads a member of v that is a list of strings; one string counts as a list of one, and empty as none.
func texts(v value, name, path string) ([]string, *fault) {
	m, ok := v.member(name)
	if !ok {
		return nil, nil
	}
	items := m.items
	if m.kind == kindString {
		items = []value{m}
	} else if m.kind != kindArray {
		return nil, faultAt(m, "%s.%s: want a list of strings, got %s", path, name, m.kind)
	}
	var list []string
	for i, item := range items {
		s, broken := asText(item, fmt.Sprintf("%s.%s[%d]", path, name, i))
		if broken != nil {
			return nil, broken
		}
		if s != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

// apps reads a member of v that maps modules to app ids; the modules' names are taken without regard to case.
func apps(v value, name, path string) (map[string]string, *fault) {
	m, ok := v.member(name)
	if !ok {
		return nil, nil
	}
	if m.kind != kindObject {
		return nil, faultAt(m, "%s: want an object of app ids by module, got %s", path, m.kind)
	}
	byModule := make(map[string]string, len(m.members))
	for _, app := range m.members {
		if app.kind == kindNull {
			continue
		}
		id, broken := asText(app.value, path+"."+app.name)
		if broken != nil {
			return nil, broken
		}
		module := app.name
		if known, ok := mm.ParseModule(module); ok {
			module = string(known)
		}
		byModule[module] = id
	}
	return byModule, nil
}

// sandbox reads the member sandbox of a connection; nil where there is none.
func sandbox(v value, path string) (*mm.SandboxEndpoints, *fault) {
	m, ok := v.member("sandbox")
	if !ok {
		return nil, nil
	}
	path += ".sandbox"
	if m.kind != kindObject {
		return nil, faultAt(m, "%s: want an object, got %s", path, m.kind)
	}
	s := &mm.SandboxEndpoints{}
	for _, f := range []struct {
		name string
		to   *string
	}{{"authority", &s.Authority}, {"dir", &s.Dir}, {"login", &s.Login}, {"graph", &s.Graph}, {"flow", &s.Flow}, {"ca", &s.CA}} {
		var broken *fault
		if *f.to, broken = text(m, f.name, path); broken != nil {
			return nil, broken
		}
	}
	return s, nil
}

// describe says a fault with its place.
func (f *fault) describe(data []byte) string {
	line, column := position(data, f.offset)
	return fmt.Sprintf("line %d, column %d: %s", line, column, f.text)
}
