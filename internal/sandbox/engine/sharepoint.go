package engine

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

var (
	webView  = &view{columns: []string{"Title", "ServerRelativeUrl", "WebTemplate", "Url"}}
	siteView = &view{columns: []string{"Url", "Template", "LocaleId"}}
	listView = &view{columns: []string{"Title", "Id", "Url"}}
	itemView = &view{columns: []string{"Id", "Title"}}
)

// sharePointSite makes the object that Get-PnPTenantSite gives.
func sharePointSite(t sandbox.Tenant, s sandbox.Site) *object {
	return &object{siteView, []property{{"Title", s.Title}, {"Url", siteURL(t, s)}, {"Template", s.Template}, {"Owner", s.Owner},
		{"LocaleId", int64(1033)}}}
}

func siteURL(t sandbox.Tenant, s sandbox.Site) string {
	return "https://" + t.SharePointHost + ".sharepoint.com" + strings.TrimSuffix(s.Path, "/")
}

func sharePointCommands() []cmdlet {
	pnp := func(name, takes string, do func(*run, *account, args) error) cmdlet {
		return cmdlet{name: name, module: "PnP.PowerShell", kind: "cmdlet", takes: takes, of: mm.SharePoint, signedIn: mm.SharePoint,
			do: func(r *run, a args) error { return do(r, r.account(mm.SharePoint), a) }}
	}
	anyone := func(c cmdlet) cmdlet {
		c.signedIn = ""
		return c
	}
	return []cmdlet{
		anyone(pnp("Connect-PnPOnline", "[Url]! AccessToken ClientId Tenant -DeviceLogin -LaunchBrowser", connectSharePoint)),
		anyone(pnp("Disconnect-PnPOnline", "", func(r *run, who *account, _ args) error {
			if who == nil {
				return terminating("No connection to disconnect", "NoConnection", "")
			}
			r.setAccount(mm.SharePoint, nil)
			return nil
		})),
		pnp("Get-PnPConnection", "", func(r *run, who *account, _ args) error {
			method := map[bool]string{true: "AccessToken", false: "DeviceLogin"}[who.byToken]
			r.emit(&object{properties: []property{{"ConnectionType", "O365"}, {"ConnectionMethod", method}, {"Url", who.site}}})
			return nil
		}),
		pnp("Get-PnPWeb", "Includes", getWeb),
		pnp("Get-PnPTenantId", "", func(r *run, who *account, _ args) error {
			r.emit(who.tenant.ID)
			return nil
		}),
		pnp("Get-PnPTenantSite", "[Identity]", func(r *run, who *account, a args) error {
			return r.identified(who, sites, a, "Url")
		}),
		pnp("Get-PnPList", "[Identity]", getLists),
		pnp("Get-PnPListItem", "[List]! Id", getItems),
		pnp("Add-PnPListItem", "[List]! Values", addItem),
	}
}

// connectSharePoint reports failures as the real command does: the cause is a warning, the error says nothing.
func connectSharePoint(r *run, _ *account, a args) error {
	const generic, id = "Unable to connect using provided arguments", "InvalidOperation,PnP.PowerShell.Commands.Base.ConnectOnline"
	u, err := url.Parse(a.text("Url"))
	if err != nil || u.Host == "" || !a.isSet("DeviceLogin") && !a.given("AccessToken") {
		return terminating(generic, id, "")
	}
	var who *account
	if a.given("AccessToken") {
		who, err = r.accept(mm.SharePoint, a.text("AccessToken"))
	} else {
		who, err = r.signIn(mm.SharePoint, a.text("Tenant"), a.text("ClientId"), "https://"+u.Host, func(c sandbox.DeviceCode) {
			r.out.record(mm.StreamWarning, c.Message)
		})
	}
	if errors.Is(err, errStopped) || errors.Is(err, errDead) {
		return err
	}
	if err == nil {
		who.site = strings.TrimSuffix(a.text("Url"), "/")
		who.byToken = a.given("AccessToken")
		if _, refused := checkToken(a.text("AccessToken"), "https://"+u.Host); who.byToken && refused != nil {
			who.gone = true // it is used as it is: that it does not do only shows with the first command
			return nil
		}
		err = who.reaches(u)
	}
	if err != nil {
		r.setAccount(mm.SharePoint, nil)
		r.out.record(mm.StreamWarning, err.Error())
		return terminating(generic, id, "")
	}
	return nil
}

// reaches returns an error unless the account's tenant has that address.
func (a *account) reaches(u *url.URL) error {
	switch host := a.tenant.SharePointHost; u.Host {
	case host + "-admin.sharepoint.com":
		return nil
	case host + ".sharepoint.com":
		if siteOf(a) == nil {
			return errors.New("the remote server returned an error: (404) Not Found")
		}
		return nil
	}
	return &sandbox.OAuthError{Kind: "invalid_resource", AADSTS: 500011, Detail: "The resource principal named https://" + u.Host +
		" was not found in the tenant named " + a.tenant.DisplayName + "."}
}

// siteOf is the site that the session is connected to; nil for the admin site, which has no lists.
func siteOf(who *account) *sandbox.Site {
	for i, s := range who.tenant.Sites {
		if strings.EqualFold(siteURL(who.tenant.Tenant, s), who.site) {
			return &who.tenant.Sites[i]
		}
	}
	return nil
}

func getWeb(r *run, who *account, _ args) error {
	s := siteOf(who)
	if s == nil {
		s = &sandbox.Site{Title: "SharePoint Admin Center", Path: "/", Template: "TENANTADMIN#0"}
	}
	upn := who.upn
	if who.guest() { // SharePoint makes a guest's user name from the address; the mail address is the guest's own
		upn = strings.ReplaceAll(who.upn, "@", "_") + "#EXT#@" + who.tenant.InitialDomain
	}
	template, _, _ := strings.Cut(s.Template, "#")
	r.emit(&object{webView, []property{{"Title", s.Title}, {"ServerRelativeUrl", s.Path}, {"Url", who.site}, {"WebTemplate", template},
		{"CurrentUser", &object{properties: []property{{"LoginName", "i:0#.f|membership|" + strings.ToLower(upn)}, {"Email", who.upn},
			{"UserPrincipalName", upn}}}}}})
	return nil
}

func getLists(r *run, who *account, a args) error {
	s := siteOf(who)
	if s == nil {
		return nil
	}
	for _, l := range s.Lists {
		if id := a.text("Identity"); id == "" || strings.EqualFold(id, l.Title) || id == l.ID || id == l.URL {
			r.emit(&object{listView, []property{{"Title", l.Title}, {"Id", l.ID}, {"Url", strings.TrimSuffix(s.Path, "/") + "/" + l.URL},
				{"BaseTemplate", int64(l.BaseTemplate)}}})
		}
	}
	return nil
}

// itemsOf is the collection of a list's items, filled from the tenant's data when it is first asked for.
func itemsOf(who *account, list string) (collection string, rows []*object, err error) {
	var lists []sandbox.List
	if s := siteOf(who); s != nil {
		lists = s.Lists
	}
	for _, l := range lists {
		if !strings.EqualFold(l.Title, list) && l.ID != list && l.URL != list {
			continue
		}
		collection = "items of " + l.ID
		if rows, ok := who.changed[collection]; ok {
			return collection, rows, nil
		}
		for i, fields := range l.Items {
			rows = append(rows, item(i+1, fields))
		}
		return collection, rows, nil
	}
	return "", nil, terminating("List '"+list+"' does not exist at site with URL '"+who.site+"'.", "EXCEPTION", list)
}

func item(id int, fields map[string]any) *object {
	o := &object{itemView, []property{{"Id", int64(id)}}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		o.properties = append(o.properties, property{name, plain(fields[name])})
	}
	return o
}

// plain makes a property's value of a Go value of the sandbox's items.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case string, bool, int64, float64:
		return v
	}
	return fmt.Sprint(v)
}

func getItems(r *run, who *account, a args) error {
	_, rows, err := itemsOf(who, a.text("List"))
	if err != nil {
		return err
	}
	if a.given("Id") {
		rows = keep(rows, "Id", []string{a.text("Id")})
	}
	return r.emitAll(rows)
}

func addItem(r *run, who *account, a args) error {
	collection, rows, err := itemsOf(who, a.text("List"))
	if err != nil {
		return err
	}
	fields, _ := a.values["Values"].(*object)
	o := &object{view: itemView, properties: []property{{"Id", int64(len(rows) + 1)}}}
	if fields != nil {
		o.properties = append(o.properties, fields.properties...)
	}
	if err := who.putAll(collection, append(slices.Clone(rows), o)); err != nil {
		return err
	}
	r.emit(o)
	return nil
}
