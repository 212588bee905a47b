package registry

import (
	"fmt"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// A Draft is the registry's content while it is changed. It keeps the order of all members and the text of all that is not
// changed, fields that mm does not know included. Errors are *mm.Error; a method that returns one has changed nothing.
type Draft struct{ root value }

// A Field is a member of a connection: its name, and its value as JSON.
type Field struct {
	Key  string
	JSON []byte
}

const connectionsKey = "connections"

// newDraft returns the draft of a JSON object whose member connections is an object, null or absent.
func newDraft(root value) *Draft {
	if _, ok := root.member(connectionsKey); !ok {
		_ = set(&root, []string{connectionsKey}, []byte("{}"))
	}
	return &Draft{root}
}

// connections is the object of the connections. The pointer holds until a member of the registry itself is added.
func (d *Draft) connections() *value { return &d.root.members[d.root.last(connectionsKey)].value }

// Names lists the connections in the order of the file, those included that cannot be used.
func (d *Draft) Names() []string {
	var names []string
	list := *d.connections()
	for i, m := range list.members {
		if m.kind != kindNull && list.last(m.name) == i {
			names = append(names, m.name)
		}
	}
	return names
}

// Find returns the name of the connection that is meant: the one of just that name, else the one whose name differs only in
// case. The error of an unknown one names the most similar, and what there is.
func (d *Draft) Find(name string) (string, error) {
	names := d.Names()
	if slices.Contains(names, name) {
		return name, nil
	}
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		return names[i], nil
	}
	return "", unknown(name, names)
}

// Has reports whether the connection of just that name has the field.
func (d *Draft) Has(name, key string) bool {
	entry, _ := d.connections().member(name)
	return entry.last(key) >= 0
}

// JSON returns the connection of just that name as JSON on several lines, with all of its fields; nil where there is none.
func (d *Draft) JSON(name string) []byte {
	entry, ok := d.connections().member(name)
	if !ok {
		return nil
	}
	return render(entry, defaultIndent)
}

// Add adds a connection after all others.
func (d *Draft) Add(name string, fields []Field) error {
	if err := d.free(name, ""); err != nil {
		return err
	}
	if err := set(d.connections(), []string{name}, []byte("{}")); err != nil {
		return err
	}
	for _, f := range fields {
		if err := d.Set(name, []string{f.Key}, f.JSON); err != nil {
			_ = d.Remove(name)
			return err
		}
	}
	return nil
}

// Set makes the JSON the value of a field of the connection of just that name; nil removes the field. A path of two names means
// a member of a field that is an object, found without regard to case as the modules of moduleApps are.
func (d *Draft) Set(name string, path []string, json []byte) error {
	entry, ok := d.connections().member(name)
	if !ok {
		return unknown(name, d.Names())
	}
	if len(path) == 2 {
		outer, _ := entry.member(path[0])
		for _, m := range outer.members {
			if strings.EqualFold(m.name, path[1]) {
				path = []string{path[0], m.name}
			}
		}
	}
	return set(d.connections(), append([]string{name}, path...), json)
}

// Rename gives the connection of just that name another one; it stays where it is.
func (d *Draft) Rename(from, to string) error {
	if err := d.free(to, from); err != nil {
		return err
	}
	list := d.connections()
	i := list.last(from)
	if i < 0 {
		return unknown(from, d.Names())
	}
	entry := list.members[i]
	entry.name, entry.key = to, Text(to)
	list.members[i] = entry
	var kept []member // without what stood under either name and did not count: it must not count now
	for j, m := range list.members {
		if j == i || m.name != from && m.name != to {
			kept = append(kept, m)
		}
	}
	list.members = kept
	return nil
}

// Duplicate adds a copy of the connection of just that name after all others, with all of its fields.
func (d *Draft) Duplicate(source, name string) error {
	entry, ok := d.connections().member(source)
	if !ok {
		return unknown(source, d.Names())
	}
	if err := d.free(name, ""); err != nil {
		return err
	}
	return set(d.connections(), []string{name}, render(entry, defaultIndent))
}

// Remove removes the connection of just that name.
func (d *Draft) Remove(name string) error {
	if _, ok := d.connections().member(name); !ok {
		return unknown(name, d.Names())
	}
	return set(d.connections(), []string{name}, nil)
}

// free returns an error where a connection cannot have the name: it is outside of the rule, or another has it; except is the
// one that is about to give it up.
func (d *Draft) free(name, except string) error {
	if err := mm.CheckConnectionName(name); err != nil {
		return mm.Errorf(mm.BadRequest, fmt.Sprintf("Take another, like %q.", allowedName(name)), "Wrong %s.", err)
	}
	for _, other := range d.Names() {
		if other != except && strings.EqualFold(other, name) {
			return mm.Errorf(mm.RequestConflict, "Take another name; names that differ only in case count as one.",
				"There is a connection '%s' already.", other)
		}
	}
	return nil
}

// set makes JSON the value at the path below v, an object; nil removes it. What is missing on the way, or is no object, is made.
func set(v *value, path []string, json []byte) error {
	i := v.last(path[0])
	if len(path) > 1 {
		if i < 0 || v.members[i].kind != kindObject {
			if json == nil {
				return nil // what is not there need not go
			}
			if err := set(v, path[:1], []byte("{}")); err != nil {
				return err
			}
			i = v.last(path[0])
		}
		return set(&v.members[i].value, path[1:], json)
	}
	if json == nil {
		v.members = without(v.members, path[0])
		return nil
	}
	parsed, broken := parseTree(json)
	if broken != nil {
		return mm.Errorf(mm.BadRequest, "Look at its quotes, commas and brackets.", "The value of %s is no JSON: %s.", path[0],
			broken.describe(json))
	}
	if i < 0 {
		v.members = append(v.members, member{path[0], Text(path[0]), parsed})
	} else {
		v.members[i].value = parsed
	}
	return nil
}

// without returns the members but for those of that name.
func without(members []member, name string) []member {
	return slices.DeleteFunc(members, func(m member) bool { return m.name == name })
}
