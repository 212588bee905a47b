package graph

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readSites  = []string{"Sites.Read.All", "Sites.ReadWrite.All"}
	writeSites = []string{"Sites.ReadWrite.All"}
)

// ArchiveSize is how many items the list archive of the root site has.
const ArchiveSize = 100_000

// archiveID is the list's id, besides its name.
const archiveID = "archive"

func (w *world) seedSites() {
	sites := w.make("sites", "sites", 200, 999)
	for _, s := range w.tenant.Sites {
		id := w.siteID(s)
		sites.put(odata.Object{"id": id, "name": strings.TrimPrefix(s.Path, "/sites/"), "displayName": s.Title,
			"webUrl": "https://" + w.siteHost() + strings.TrimSuffix(s.Path, "/"), "siteCollection": odata.Object{"hostname": w.siteHost()},
			"createdDateTime": w.ago(700 * 24 * time.Hour)})
		lists := w.make("sites/"+id+"/lists", fmt.Sprintf("sites('%s')/lists", id), 200, 999)
		for _, l := range s.Lists {
			template := map[int]string{100: "genericList", 101: "documentLibrary"}[l.BaseTemplate]
			lists.put(odata.Object{"id": l.ID, "name": l.Title, "displayName": l.Title, "list": odata.Object{"template": template, "hidden": false}})
			items := w.make("sites/"+id+"/lists/"+l.ID+"/items", fmt.Sprintf("sites('%s')/lists('%s')/items", id, l.ID), 200, 5000)
			for i, fields := range l.Items {
				items.put(newListItem(i+1, fields))
			}
		}
		if s.Path == "/" {
			lists.put(odata.Object{"id": archiveID, "name": "archive", "displayName": "Archive", "list": odata.Object{"template": "genericList", "hidden": false}})
		}
		w.seedDrive(siteDrive(id), s.Title, []string{"Plan.docx", "Budget.xlsx"})
	}
}

func newListItem(n int, fields odata.Object) odata.Object {
	all := odata.Object{"id": strconv.Itoa(n)}
	for k, v := range fields {
		all[k] = v
	}
	return odata.Object{"id": strconv.Itoa(n), "contentType": odata.Object{"name": "Item"}, "fields": all}
}

// archive are the items of the large list, made when they are read.
type archive struct{ created time.Time }

func (archive) Len() int { return ArchiveSize }

func (a archive) At(i int) odata.Object {
	o := newListItem(i+1, odata.Object{"Title": "Document " + strconv.Itoa(i+1), "Number": i + 1,
		"Department": []string{"Sales", "HR", "IT", "Legal"}[i%4], "Closed": i%3 == 0})
	o["@odata.etag"] = fmt.Sprintf(`"%08x,1"`, i+1)
	o["createdDateTime"] = a.created.Add(-time.Duration(i) * time.Minute).Format(time.RFC3339)
	return o
}

func siteRoutes() []route {
	lists, items := in("sites/*/lists"), in("sites/*/lists/*/items")
	return []route{
		on("GET", "sites", filesArea, readSites, listing(in("sites"))),
		on("GET", "sites/*", filesArea, readSites, getting(in("sites"))),
		on("GET", "sites/*/lists", filesArea, readSites, listing(lists)),
		on("GET", "sites/*/lists/*", filesArea, readSites, getting(lists)),
		on("GET", "sites/*/lists/*/items", filesArea, readSites, listItems),
		on("POST", "sites/*/lists/*/items", filesArea, writeSites, addItem),
		on("GET", "sites/*/lists/*/items/*", filesArea, readSites, getting(items)),
		on("PATCH", "sites/*/lists/*/items/*/fields", filesArea, writeSites, changeFields),
		on("DELETE", "sites/*/lists/*/items/*", filesArea, writeSites, removing(items)),
	}
}

// listItems shows the fields of items only where they are asked for by $expand.
func listItems(c *call) answer {
	var rows odata.Rows
	like := newCollection(fmt.Sprintf("sites('%s')/lists('%s')/items", c.stars[0], c.stars[1]), 200, 5000)
	if root, _ := c.world.collection("sites", c.stars[0], "lists").find(c.stars[1]); root == archiveID {
		rows = archive{c.world.day}
	} else if found := in("sites/*/lists/*/items")(c); found != nil {
		rows = found
	} else {
		return c.area.notFound()
	}
	expanded := false
	for _, e := range c.query.Expand {
		expanded = expanded || strings.HasPrefix(strings.ToLower(e), "fields")
	}
	a := c.list(rows, like)
	if expanded || a.status != http.StatusOK {
		return a
	}
	values := a.object.(odata.Object)["value"].([]odata.Object)
	for i, o := range values {
		bare := odata.Object{}
		for k, v := range o {
			if k != "fields" {
				bare[k] = v
			}
		}
		values[i] = bare
	}
	return a
}

// find returns the id of the object of that id or name.
func (c *collection) find(idOrName string) (string, bool) {
	if c == nil {
		return "", false
	}
	for _, o := range c.rows {
		if o["id"] == idOrName || strings.EqualFold(fmt.Sprint(o["displayName"]), idOrName) {
			return o["id"].(string), true
		}
	}
	return "", false
}

func addItem(c *call) answer {
	items := in("sites/*/lists/*/items")(c)
	fields, ok := c.body["fields"].(odata.Object)
	switch {
	case items == nil:
		return c.area.notFound()
	case !ok:
		return refused(http.StatusBadRequest, "invalidRequest", "An item needs fields.")
	}
	o := newListItem(items.seq+1, fields)
	if !items.put(o) {
		return full()
	}
	return c.one(http.StatusCreated, items.context, o)
}

func changeFields(c *call) answer {
	items, o := c.find(in("sites/*/lists/*/items"))
	if o == nil {
		return c.area.notFound()
	}
	if a := c.stale(o); a != nil {
		return *a
	}
	changed := items.update(o["id"].(string), odata.Object{"fields": c.body})
	return c.one(http.StatusOK, items.context+"/fields", changed["fields"].(odata.Object))
}
