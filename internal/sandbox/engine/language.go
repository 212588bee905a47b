package engine

import (
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// The modules that every PowerShell has.
const (
	management = "Microsoft.PowerShell.Management"
	utility    = "Microsoft.PowerShell.Utility"
)

// languageCommands are PowerShell's own.
func languageCommands() []cmdlet {
	record := func(name, takes string, do func(*run, args) error) cmdlet {
		return cmdlet{name: name, module: utility, kind: "cmdlet", takes: takes, do: do}
	}
	to := func(stream mm.Stream) func(*run, args) error {
		return func(r *run, a args) error {
			r.out.record(stream, a.text("Message")+a.text("MessageData"))
			return nil
		}
	}
	only := func(flag string, do func(*run, args) error) func(*run, args) error {
		return func(r *run, a args) error {
			if !a.isSet(flag) {
				return nil
			}
			return do(r, a)
		}
	}
	return []cmdlet{
		record("Write-Output", "[InputObject]", func(r *run, a args) error {
			return show{literal{a.values["InputObject"]}}.run(r)
		}),
		record("Write-Warning", "[Message]!", to(mm.StreamWarning)),
		record("Write-Verbose", "[Message]!", only("Verbose", to(mm.StreamVerbose))),
		record("Write-Debug", "[Message]!", only("Debug", to(mm.StreamDebug))),
		record("Write-Information", "[MessageData]! Tags", to(mm.StreamInformation)),
		record("Write-Host", "[Object] ForegroundColor BackgroundColor", func(r *run, a args) error {
			r.out.host(a.text("Object"))
			return nil
		}),
		record("Write-Error", "[Message]!", func(_ *run, a args) error {
			const id = "Microsoft.PowerShell.Commands.WriteErrorException"
			f := fail(a.text("Message"), id, "NotSpecified", "")
			f.Type = id
			return f
		}),
		record("Write-Progress", "[Activity]! [Status] PercentComplete -Completed", func(r *run, a args) error {
			p := mm.Record{Stream: mm.StreamProgress, Activity: a.text("Activity"), Text: a.text("Status"), Percent: -1}
			if a.given("PercentComplete") {
				p.Percent = int(a.number("PercentComplete"))
			}
			r.out.live(p)
			return nil
		}),
		record("Start-Sleep", "[Seconds] Milliseconds", func(r *run, a args) error {
			return r.sleep(secondsOf(a.values["Seconds"]) + time.Duration(a.number("Milliseconds"))*time.Millisecond)
		}),
		record("Get-Date", "", func(r *run, _ args) error {
			r.emit(time.Now().Format("Monday, January 2, 2006 3:04:05 PM"))
			return nil
		}),
		record("Select-Object", "[Property] First Last ExpandProperty", selectObject),
		record("Format-Table", "[Property] -AutoSize -Wrap", as(false)),
		record("Format-List", "[Property]", as(true)),
		{name: "Get-Location", module: management, kind: "cmdlet", do: func(r *run, _ args) error {
			r.emit(location(r.place()))
			return nil
		}},
		{name: "Set-Location", module: management, kind: "cmdlet", takes: "[Path]!", do: func(r *run, a args) error {
			return r.changeTo(a.text("Path"))
		}},
	}
}

func secondsOf(v any) time.Duration {
	if f, ok := v.(float64); ok {
		return time.Duration(f * float64(time.Second))
	}
	return time.Duration(wholeOf(v)) * time.Second
}

// selectObject passes on the first or last of what is piped in, reduced to some properties.
func selectObject(r *run, a args) error {
	items := a.input
	if n := int(a.number("First")); a.given("First") && n >= 0 && n < len(items) {
		items = items[:n]
	}
	if n := int(a.number("Last")); a.given("Last") && n >= 0 && n < len(items) {
		items = items[len(items)-n:]
	}
	names := a.texts("Property")
	expand := a.text("ExpandProperty")
	for _, v := range items {
		o, ok := v.(*object)
		switch {
		case ok && expand != "":
			if err := (show{literal{o.get(expand)}}).run(r); err != nil {
				return err
			}
		case ok && len(names) > 0 && names[0] != "*":
			r.emit(pick(o, names))
		default:
			r.emit(v)
		}
	}
	return nil
}

// pick returns an object with some of the properties, named as the object names them.
func pick(o *object, names []string) *object {
	out := &object{}
	for _, name := range names {
		p := property{name: name}
		for _, q := range o.properties {
			if strings.EqualFold(q.name, name) {
				p = q
			}
		}
		out.properties = append(out.properties, p)
	}
	return out
}

// as passes objects on to be printed as a table or as a list.
func as(list bool) func(*run, args) error {
	return func(r *run, a args) error {
		var v *view
		for _, item := range a.input {
			o, ok := item.(*object)
			if !ok {
				r.emit(item)
				continue
			}
			if v == nil {
				v = &view{columns: a.texts("Property"), list: list}
				if len(v.columns) == 0 || v.columns[0] == "*" {
					v.columns, _ = columnsOf(o)
				}
			}
			r.emit(&object{v, o.properties})
		}
		return nil
	}
}
