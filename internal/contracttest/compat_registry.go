package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// entry is a connection of the registry for a person to change.
type entry = map[string]any

// like returns a copy of the visitor's connection with other fields; nil removes one.
func like(connections entry, name string, fields entry) entry {
	e := entry{}
	for k, x := range connections[name].(entry) {
		e[k] = x
	}
	for k, x := range fields {
		if e[k] = x; x == nil {
			delete(e, k)
		}
	}
	return e
}

func connectionsShape(t *testing.T, v visitor) {
	const endpoint = `{"authority":"http://127.0.0.1:1","dir":"/nowhere"}`
	v.writeRegistry(t, `{"version":7,"connections":{
		"Zeta":{"expectedEmail":"z@contoso.com","ownNote":"private","apiKey":"secret"},
		"Alpha":{"appId":"app","tenant":"contoso.onmicrosoft.com","tenantId":"00000000-0000-0000-0000-000000000000","expectedEmail":"a@contoso.com",
			"description":"d","mcps":"mm","skipSignatureStrip":true,"skipSendGuards":true,"moduleApps":{"pnp":"p"},"sharepoint_host":"contoso",
			"cloud":"sandbox","sandbox":`+endpoint+`,"unknown":{"a":[1]}},
		"Empty":{}}}`)
	v.shaped(200, `{"connections":{`+
		`"Alpha":{"appId":"app","tenant":"contoso.onmicrosoft.com","tenantId":"00000000-0000-0000-0000-000000000000","expectedEmail":"a@contoso.com",`+
		`"description":"d","mcps":["mm"],"skipSignatureStrip":true,"skipSendGuards":true,"moduleApps":{"pnp":"p"},"sharepoint_host":"contoso"},`+
		`"Empty":{},"Zeta":{"expectedEmail":"z@contoso.com"}}}`, "GET", "/connections", "")
	if body := v.http("GET", "/connections", "").Body; strings.Contains(body, "secret") || strings.Contains(body, "unknown") || strings.Contains(body, "ownNote") {
		t.Errorf("unknown fields are shown: %s", body)
	}
}

func connectionsInWords(t *testing.T, v visitor) {
	v.editRegistry(t, func(_, connections entry) {
		clear(connections)
		connections["Zeta"] = entry{"description": "the last\nof all"}
		connections["Alpha 1"] = entry{"description": "the first", "mcps": []string{"mm"}}
		connections["Empty"] = entry{}
	})
	for _, arguments := range []string{`{}`, `null`, `{"connection":null,"module":"","command":null}`} {
		s, err := v.Door.(Caller).Call(t.Context(), arguments)
		if want := "**Available Connections:**\n- **Alpha 1**: the first\n- **Empty**: \n- **Zeta**: the last of all"; err != nil || s.Status != mm.StatusSuccess || s.Text != want {
			t.Errorf("%s: %v\n got %q\nwant %q", arguments, err, s.Text, want)
		}
	}
}

// appOfModule asks SharePoint sessions for a code: theirs shows which app asked for it.
func appOfModule(t *testing.T, v visitor) {
	var own string
	v.editRegistry(t, func(_, connections entry) { own = connections[v.connection].(entry)["appId"].(string) })
	const bad = "11111111-1111-1111-1111-111111111111" // which no tenant knows
	for _, c := range []struct {
		name       string
		fields     entry
		registry   entry // _knownModuleApps
		wrongOwner bool
	}{
		{name: "Own", fields: entry{"appId": own}},
		{name: "ModuleFirst", fields: entry{"appId": bad, "moduleApps": entry{"pnp": own}}},
		{name: "ModuleBeforeRegistry", fields: entry{"appId": bad, "moduleApps": entry{"pnp": own}}, registry: entry{"pnp": bad}},
		{name: "RegistryBeforeOwn", fields: entry{"appId": bad}, registry: entry{"pnp": own}},
		{name: "OtherModule", fields: entry{"appId": own, "moduleApps": entry{"exo": bad}}, registry: entry{"teams": bad}},
		{name: "OwnOfNoUse", fields: entry{"appId": bad}, wrongOwner: true},
		{name: "ModuleOfNoUse", fields: entry{"appId": own, "moduleApps": entry{"pnp": bad}}, wrongOwner: true},
		{name: "HostFromTenant", fields: entry{"sharepoint_host": nil}},
	} {
		v.editRegistry(t, func(file, connections entry) {
			connections[c.name] = like(connections, v.connection, c.fields)
			file["_knownModuleApps"] = c.registry
		})
		a := Ask{Connection: c.name, Module: string(mm.SharePoint), Command: `1`}
		s := v.send(a)
		switch {
		case c.wrongOwner:
			v.failed(s, mm.SignInFailed, mm.ExecutedNo)
		case s.Status != mm.StatusAuthRequired || v.Client(s.DeviceCode) != own:
			t.Errorf("%s: %s %q, asked by app %s", c.name, s.Status, s.Text, v.Client(s.DeviceCode))
		}
		if ids, err := v.Admin.Reset(t.Context(), c.name, ""); err != nil || len(ids) != 1 { // few may wait for SharePoint's codes
			t.Errorf("reset %v, %v", ids, err)
		}
	}
}

func lacking(t *testing.T, v visitor) {
	v.editRegistry(t, func(_, connections entry) {
		connections["Bare"] = like(connections, v.connection, entry{"appId": nil, "tenant": nil, "tenantId": nil, "expectedEmail": nil,
			"description": nil, "mcps": nil, "sharepoint_host": nil})
		connections["NoApp"] = like(connections, v.connection, entry{"appId": nil})
		connections["NoHost"] = like(connections, v.connection, entry{"sharepoint_host": nil, "tenant": nil})
	})
	v.code(Ask{Connection: "Bare", Module: "exo", Command: `1`})
	for _, c := range []struct{ connection, module, lacks string }{
		{"Bare", "azure", "tenant"}, {"Bare", "teams", "tenant"}, {"NoApp", "pnp", "appId"}, {"NoHost", "pnp", "sharepoint_host"},
	} {
		s := v.send(Ask{Connection: c.connection, Module: c.module, Command: `1`})
		v.failed(s, mm.BadRequest, mm.ExecutedNo)
		if !strings.Contains(s.Text, "has no "+c.lacks) || !strings.Contains(s.Remedy, "edit") || !strings.Contains(s.Remedy, c.lacks) {
			t.Errorf("%s/%s: %q", c.connection, c.module, s.Text)
		}
		if v.Kind()&HTTP != 0 && s.HTTPStatus != 200 { // there is nothing wrong with the request
			t.Errorf("%s/%s: HTTP status %d", c.connection, c.module, s.HTTPStatus)
		}
	}
}

func mcpsField(t *testing.T, v visitor) {
	mine := map[string]any{"Missing": nil, "Empty": []string{}, "EmptyText": "", "Text": "mm", "List": []string{"other", "mm"}, "Case": "MM"}
	others := map[string]any{"OtherText": "other", "OtherList": []string{"other", "another"}}
	v.editRegistry(t, func(_, connections entry) {
		for _, group := range []map[string]any{mine, others} {
			for name, mcps := range group {
				connections[name] = like(connections, v.connection, entry{"mcps": mcps})
			}
		}
	})
	for name := range mine {
		v.code(Ask{Connection: name, Module: "exo", Command: `1`})
	}
	for name := range others {
		s := v.send(Ask{Connection: name, Module: "exo", Command: `1`})
		if !v.overMCP() {
			if s.Status != mm.StatusAuthRequired {
				t.Errorf("%s: %s %q", name, s.Status, s.Text)
			}
			continue
		}
		v.failed(s, mm.NotEnabled, mm.ExecutedNo)
		if !strings.Contains(s.Text, "other") || !strings.Contains(s.Text, "edit") || !strings.Contains(s.Text, "mcps") {
			t.Errorf("%s: %q does not say how to change it", name, s.Text)
		}
	}
	if !v.overMCP() {
		return
	}
	s, err := v.Door.(Caller).Call(t.Context(), `{}`)
	if err != nil || !strings.Contains(s.Text, "- **Text**: ") || strings.Contains(s.Text, "OtherText") {
		t.Errorf("%q, %v", s.Text, err)
	}
}

func brokenRegistrySeen(t *testing.T, v visitor) {
	v.writeRegistry(t, "{\n  \"connections\": {\n    oops\n")
	s := v.ask(`1`)
	v.failed(s, mm.RegistryBroken, mm.ExecutedNo)
	if !strings.Contains(s.Text, "line 3, column 5") || !strings.Contains(s.Text, v.Registry) {
		t.Errorf("%q", s.Text)
	}
	switch {
	case v.Kind()&HTTP != 0:
		var list struct {
			Connections map[string]json.RawMessage
			Error       string
		}
		r := v.http("GET", "/connections", "")
		if err := json.Unmarshal([]byte(r.Body), &list); err != nil || len(list.Connections) != len(v.Connections) || !strings.Contains(list.Error, "line 3") {
			t.Errorf("HTTP status %d %s, %v", r.Status, r.Body, err)
		}
	case v.overMCP():
		s, err := v.Door.(Caller).Call(t.Context(), `{}`)
		if err != nil || !strings.Contains(s.Text, "line 3") {
			t.Errorf("the list is %q, %v", s.Text, fmt.Sprint(err))
		}
	}
}
