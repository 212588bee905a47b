package registry

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	mm "github.com/microsoft-master/mm"
)

// parse reads the registry's text. Notes are about connections that it leaves out; a fault is about the whole text.
func parse(data []byte) (connections map[string]mm.Connection, notes []string, _ *fault) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return nil, nil, &fault{text: "the text is UTF-16; save it as UTF-8"}
	}
	if len(data) > 0 && data[0] == unfinished {
		return nil, nil, &fault{text: "a change of the file was broken off", syntax: true, unfinished: true}
	}
	root, broken := parseTree(data)
	if broken != nil {
		return nil, nil, broken
	}
	if root.kind != kindObject {
		return nil, nil, faultAt(root, "want an object with the member connections, got %s", root.kind)
	}
	known, broken := apps(root, "_knownModuleApps", "_knownModuleApps")
	if broken != nil {
		return nil, nil, broken
	}
	list, ok := root.member("connections")
	if ok && list.kind != kindObject {
		return nil, nil, faultAt(list, "connections: want an object, got %s", list.kind)
	}
	connections = make(map[string]mm.Connection, len(list.members))
	last := make(map[string]int, len(list.members)) // of several members of one name the last counts
	for i, m := range list.members {
		last[m.name] = i
	}
	taken := map[string]string{} // the names by their lower case
	for i, m := range list.members {
		if m.kind == kindNull || last[m.name] != i {
			continue
		}
		c, broken := connection(m, known)
		if broken != nil {
			return nil, nil, broken
		}
		note := refusal(c)
		if other, ok := taken[strings.ToLower(c.Name)]; ok && note == "" {
			note = fmt.Sprintf("its name differs from %q only in case; run `mm connections rename %q NEW-NAME`", other, c.Name)
		}
		if note != "" {
			notes = append(notes, fmt.Sprintf("Connection %q is left out: %s.", c.Name, note))
			continue
		}
		taken[strings.ToLower(c.Name)] = c.Name
		connections[c.Name] = c
	}
	return connections, notes, nil
}

// connection reads one entry.
func connection(m member, known map[string]string) (mm.Connection, *fault) {
	path := "connections." + m.name
	if m.kind != kindObject {
		return mm.Connection{}, faultAt(m.value, "%s: want an object, got %s", path, m.kind)
	}
	c := mm.Connection{Name: m.name, KnownModuleApps: known}
	var broken *fault
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"appId", &c.AppID}, {"tenant", &c.Tenant}, {"tenantId", &c.TenantID}, {"expectedEmail", &c.ExpectedEmail},
		{"description", &c.Description}, {"sharepoint_host", &c.SharePointHost}, {"cloud", &c.Cloud}, {"signIn", &c.SignIn},
	} {
		if *f.to, broken = text(m.value, f.name, path); broken != nil {
			return c, broken
		}
	}
	if c.SkipSignatureStrip, broken = truth(m.value, "skipSignatureStrip", path); broken != nil {
		return c, broken
	}
	if c.SkipSendGuards, broken = truth(m.value, "skipSendGuards", path); broken != nil {
		return c, broken
	}
	if c.MCPs, broken = texts(m.value, "mcps", path); broken != nil {
		return c, broken
	}
	if c.GraphScopes, broken = texts(m.value, "scopes", path); broken != nil {
		return c, broken
	}
	if c.ModuleApps, broken = apps(m.value, "moduleApps", path+".moduleApps"); broken != nil {
		return c, broken
	}
	if c.SharePointHost == "" && c.ExpectedTenantID() != c.Tenant {
		c.SharePointHost = firstLabel(c.Tenant)
		c.SharePointGuessed = c.SharePointHost != "" && !strings.HasSuffix(strings.ToLower(c.Tenant), ".onmicrosoft.com")
	}
	if c.Cloud == "sandbox" {
		c.Sandbox, broken = sandbox(m.value, path)
	}
	return c, broken
}

// firstLabel is the first label of a domain, and empty for what is none.
func firstLabel(domain string) string {
	label, _, ok := strings.Cut(domain, ".")
	if !ok {
		return ""
	}
	return label
}

// refusal says why a connection cannot be used, and what to do; empty where it can.
func refusal(c mm.Connection) string {
	if err := mm.CheckConnectionName(c.Name); err != nil {
		return fmt.Sprintf("%s; run `mm connections rename %q %q`", err, c.Name, allowedName(c.Name))
	}
	switch {
	case !mm.KnownCloud(c.Cloud):
		return fmt.Sprintf("its cloud %q is none of public, usgov, usgovdod, china and sandbox; correct it", c.Cloud)
	case c.Cloud == "sandbox" && !sandboxed(c.Sandbox):
		return "a connection of the cloud sandbox needs a sandbox.authority on this machine, like http://127.0.0.1:41234; " +
			"correct it, or remove cloud for a real tenant"
	case c.SignIn != "" && c.SignIn != "shared" && c.SignIn != "perModule":
		return fmt.Sprintf("its signIn %q is neither shared nor perModule; correct it", c.SignIn)
	}
	return ""
}

// sandboxed reports whether all addresses of a sandbox are on this machine, the first being there.
func sandboxed(s *mm.SandboxEndpoints) bool {
	if s == nil || !loopback(s.Authority) {
		return false
	}
	for _, address := range []string{s.Login, s.Graph, s.Flow} {
		if address != "" && !loopback(address) {
			return false
		}
	}
	return true
}

// allowedName is a name like s that the rule allows.
func allowedName(s string) string {
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._-", r) {
			return r
		}
		return '-'
	}, s))
	fit := strings.Trim(string(name[:min(len(name), 64)]), " .")
	if mm.CheckConnectionName(fit) != nil {
		return "NEW-NAME"
	}
	return fit
}

// loopback reports whether an address is one of this machine that nobody else can reach.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}
