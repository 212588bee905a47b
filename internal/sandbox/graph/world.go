package graph

import (
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// A world is one tenant as Graph shows it. Collections are under the lower path that they have, ids as they are: users,
// users/ID/messages, drives/ID/items.
type world struct {
	tenant      directory.Tenant
	day         time.Time // the midnight that generated times count from
	collections map[string]*collection
	files       map[string][]byte // contents, by drive and item id
}

func newWorld(t directory.Tenant) *world {
	w := &world{tenant: t, day: time.Now().UTC().Truncate(24 * time.Hour), collections: map[string]*collection{}, files: map[string][]byte{}}
	w.seedUsers()
	w.seedGroups()
	for i, a := range t.Accounts {
		if t.Guest(a) {
			continue // a guest has no mailbox and no drive here
		}
		w.seedMail(i, a)
		w.seedCalendar(i, a)
		w.seedDrive(userDrive(a.ObjectID), a.DisplayName, []string{"Notes.txt", "Travel costs.csv"})
	}
	w.seedSites()
	w.seedTeams()
	return w
}

// collection returns a collection; nil where there is none.
func (w *world) collection(parts ...string) *collection {
	return w.collections[strings.Join(parts, "/")]
}

// make adds a collection. Its pages have size items unless the client asks otherwise, up to most.
func (w *world) make(path, context string, size, most int) *collection {
	c := newCollection(context, size, most)
	w.collections[path] = c
	return c
}

// ago is a time before the world's day, as Graph writes it.
func (w *world) ago(d time.Duration) string { return w.day.Add(-d).Format(time.RFC3339) }

// id makes the id of a thing from its name: the same name gives the same id in every run.
func (w *world) id(name string) string {
	return directory.GUID(w.tenant.DisplayName + "/graph/" + name)
}

// mailID makes an id in the form that Exchange's have.
func (w *world) mailID(name string) string {
	return "AAMkAD" + strings.NewReplacer("-", "").Replace(w.id(name)+w.id("more "+name)) + "AAA="
}

// account returns the object id of a user by its id or address.
func (w *world) account(idOrAddress string) (string, bool) {
	for _, a := range w.tenant.Accounts {
		if strings.EqualFold(a.ObjectID, idOrAddress) || strings.EqualFold(a.UserPrincipalName, idOrAddress) {
			return a.ObjectID, true
		}
	}
	return "", false
}

// canonical replaces the names that stand for something else: me, an address of a user, a well-known folder, a site's address,
// a drive by its owner.
func (w *world) canonical(segments []string, caller Caller) []string {
	out := append([]string(nil), segments...)
	if strings.EqualFold(out[0], "me") {
		out = append([]string{"users", caller.ObjectID}, out[1:]...)
	}
	switch at := func(i int) string {
		if i < len(out) {
			return strings.ToLower(out[i])
		}
		return ""
	}; at(0) {
	case "users":
		if id, ok := w.account(at(1)); ok {
			out[1] = id
		}
		if at(2) == "drive" {
			out = append([]string{"drives", userDrive(out[1])}, out[3:]...)
		}
		if folder, ok := wellKnown[at(3)]; ok && at(2) == "mailfolders" {
			out[3] = w.mailID(out[1] + "/folder/" + folder)
		}
	case "sites":
		out = w.canonicalSite(out)
		if at(2) == "drive" {
			out = append([]string{"drives", siteDrive(out[1])}, out[3:]...)
		}
	case "groups":
		if at(2) == "drive" {
			out = append([]string{"drives", "b!group-" + out[1]}, out[3:]...)
		}
	}
	return out
}

// canonicalSite replaces sites/root, sites/HOST and sites/HOST:/PATH: by sites/ID.
func (w *world) canonicalSite(segments []string) []string {
	if len(segments) < 2 {
		return segments
	}
	host, address := strings.CutSuffix(segments[1], ":")
	path, rest := "/", segments[2:]
	if address {
		var parts []string
		for len(rest) > 0 {
			part, last := strings.CutSuffix(rest[0], ":")
			parts, rest = append(parts, part), rest[1:]
			if last {
				break
			}
		}
		path += strings.Join(parts, "/")
	} else if !strings.EqualFold(host, "root") && !strings.EqualFold(host, w.siteHost()) {
		return segments
	}
	for _, s := range w.tenant.Sites {
		if strings.EqualFold(s.Path, path) {
			return append([]string{"sites", w.siteID(s)}, rest...)
		}
	}
	return segments
}

func (w *world) siteHost() string { return w.tenant.SharePointHost + ".sharepoint.com" }

func (w *world) siteID(s directory.Site) string {
	return w.siteHost() + "," + w.id("site "+s.Path) + "," + w.id("web "+s.Path)
}

func userDrive(objectID string) string { return "b!user-" + objectID }
func siteDrive(siteID string) string   { return "b!site-" + strings.ReplaceAll(siteID, ",", "-") }

// person is an address as mail and calendars show it.
func person(name, address string) odata.Object {
	return odata.Object{"emailAddress": odata.Object{"name": name, "address": address}}
}

// in finds a collection by a path in which stars stand for the call's.
func in(path string) func(*call) *collection {
	return func(c *call) *collection {
		parts := strings.Split(path, "/")
		n := 0
		for i, p := range parts {
			if p == "*" {
				parts[i] = c.stars[n]
				n++
			}
		}
		return c.world.collections[strings.Join(parts, "/")]
	}
}
