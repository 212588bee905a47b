package engine

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

func (s show) run(r *run) error {
	v := s.what.value(r)
	if items, ok := v.([]any); ok {
		for _, v := range items {
			r.emit(v)
		}
	} else if v != nil {
		r.emit(v)
	}
	return nil
}

func (s sequence) run(r *run) error {
	step := int64(1)
	if s.to < s.from {
		step = -1
	}
	for i := s.from; ; i += step {
		if err := r.live(); err != nil {
			return err
		}
		if r.emit(i); i == s.to {
			return nil
		}
	}
}

func (s repeat) run(r *run) error {
	r.emit(strings.Repeat(s.text, s.times))
	return nil
}

func (a assign) run(r *run) error {
	items, err := r.collect(a.what)
	if err != nil {
		return err
	}
	var v any
	switch len(items) {
	case 0:
	case 1:
		v = items[0]
	default:
		v = items
	}
	return r.setVariable(a.name, v)
}

// collect runs a statement and returns what it emits, instead of emitting it.
func (r *run) collect(n node) ([]any, error) {
	var items []any
	to := r.emit
	r.emit = func(v any) {
		if len(items) < maxLast {
			items = append(items, v)
		}
	}
	defer func() { r.emit = to }()
	err := n.run(r)
	return items, err
}

func (d define) run(r *run) error { return r.setFunction(d.name, d.body) }

func (f forever) run(r *run) error {
	for {
		if err := r.live(); err != nil {
			return err
		}
		if err := r.block(f.body); err != nil {
			return err
		}
	}
}

func (t throw) run(r *run) error {
	text := textOf(t.what.value(r))
	f := fail(text, text, "OperationStopped", text)
	f.Type, f.Terminating, f.origin = "System.Management.Automation.RuntimeException", true, "Exception"
	f.Line, f.Column = t.place.line, t.place.column
	return f
}

func (l leave) run(r *run) error {
	code, _ := l.what.value(r).(int64)
	return exited{int(code)}
}

func (s static) run(r *run) error {
	var v any
	if len(s.values) > 0 {
		v = s.values[0].value(r)
	}
	n, _ := v.(int64)
	switch s.member {
	case "[Environment]::Exit":
		r.exit(int(n))
		return errDead
	case "[Threading.Thread]::Sleep":
		return r.hardSleep(time.Duration(n) * time.Millisecond)
	}
	r.out.record(mm.StreamConsole, textOf(v))
	return nil
}

func (l literal) value(*run) any { return l.v }

func (v variable) value(r *run) any {
	switch name := strings.ToLower(v.name); {
	case name == "true" || name == "false":
		return name == "true"
	case name == "null":
		return nil
	case name == "pwd":
		return member(location(r.place()), v.member)
	case name == "lastresult":
		return member(r.lastResult(), v.member)
	default:
		return member(r.variable(name), v.member)
	}
}

// member returns a property of a value, or the value itself where no member is asked for.
func member(v any, name string) any {
	if name == "" {
		return v
	}
	if o, ok := v.(*object); ok {
		return o.get(name)
	}
	return nil
}

// location is what Get-Location gives.
func location(path string) *object {
	return &object{properties: []property{{"Path", path}, {"Provider", &object{properties: []property{{"Name", "FileSystem"}}}}},
		view: &view{columns: []string{"Path"}}}
}

// changeTo makes path, or what it names from here, the location.
func (r *run) changeTo(path string) error {
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.place(), path)
	}
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return fail("Cannot find path '"+path+"' because it does not exist.",
			"PathNotFound,Microsoft.PowerShell.Commands.SetLocationCommand", "ObjectNotFound", path)
	}
	r.setPlace(path)
	return nil
}

func (l list) value(r *run) any {
	out := make([]any, len(l.items))
	for i, x := range l.items {
		out[i] = x.value(r)
	}
	return out
}

func (t table) value(r *run) any {
	o := &object{}
	for i, name := range t.names {
		o.properties = append(o.properties, property{name, t.values[i].value(r)})
	}
	return o
}
