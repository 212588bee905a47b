package graph

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readFiles  = []string{"Files.Read", "Files.ReadWrite", "Files.Read.All", "Files.ReadWrite.All", "Sites.Read.All", "Sites.ReadWrite.All"}
	writeFiles = []string{"Files.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All"}
)

// seedDrive makes a drive with some files and a folder of more.
func (w *world) seedDrive(drive, owner string, files []string) {
	items := w.make("drives/"+drive+"/items", fmt.Sprintf("drives('%s')/items", drive), 200, 999)
	w.make("drives/"+drive, "drives", 1, 1).put(odata.Object{"id": drive, "driveType": "business", "name": "OneDrive",
		"owner": odata.Object{"user": odata.Object{"displayName": owner}}, "quota": odata.Object{"total": maxStored, "used": 0, "state": "normal"}})
	items.put(odata.Object{"id": rootID(drive), "name": "root", "size": 0, "folder": odata.Object{"childCount": 0}, "root": odata.Object{},
		"parentReference": odata.Object{"driveId": drive, "driveType": "business"}})
	for i, name := range files {
		w.putFile(drive, rootID(drive), name, fmt.Appendf(nil, "%s of %s\nLine %d\n", name, owner, i))
	}
	reports := w.putFolder(drive, rootID(drive), "Reports")
	for i := range 12 {
		w.putFile(drive, reports["id"].(string), fmt.Sprintf("Report %02d.txt", i+1), fmt.Appendf(nil, "Report %d of %s\n", i+1, owner))
	}
}

func rootID(drive string) string { return "01ROOT" + strings.ToUpper(drive[len(drive)-8:]) }

func (w *world) driveItem(drive, parent, name string) odata.Object {
	items := w.collection("drives", drive, "items")
	now := time.Now().UTC().Format(time.RFC3339)
	return odata.Object{"id": "01" + strings.ToUpper(strings.ReplaceAll(w.id(fmt.Sprint(drive, parent, name, items.seq)), "-", ""))[:30], "name": name,
		"createdDateTime": now, "lastModifiedDateTime": now, "cTag": fmt.Sprintf(`"c:{%d}"`, items.seq),
		"webUrl":          "https://" + w.tenant.SharePointHost + "-my.sharepoint.com/Documents/" + name,
		"parentReference": odata.Object{"driveId": drive, "driveType": "business", "id": parent}}
}

func (w *world) putFolder(drive, parent, name string) odata.Object {
	o := w.driveItem(drive, parent, name)
	o["folder"], o["size"] = odata.Object{"childCount": 0}, 0
	w.collection("drives", drive, "items").put(o)
	return o
}

// putFile adds a file, or replaces its content. It returns nil where there is no room.
func (w *world) putFile(drive, parent, name string, b []byte) odata.Object {
	items := w.collection("drives", drive, "items")
	mediaType := mime.TypeByExtension(path.Ext(name))
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	o := w.child(drive, parent, name)
	if o == nil {
		o = w.driveItem(drive, parent, name)
	} else {
		o = maps.Clone(o)
		o["lastModifiedDateTime"] = time.Now().UTC().Format(time.RFC3339)
	}
	o["file"], o["size"] = odata.Object{"mimeType": mediaType}, len(b)
	if !items.put(o) {
		return nil
	}
	w.files[drive+"/"+o["id"].(string)] = b
	return o
}

func parentOf(o odata.Object) string {
	reference, _ := o["parentReference"].(odata.Object)
	id, _ := reference["id"].(string)
	return id
}

// children are the items of a folder.
func (w *world) children(drive, folder string) odata.List {
	var out odata.List
	for _, o := range w.collection("drives", drive, "items").rows {
		if parentOf(o) == folder {
			out = append(out, o)
		}
	}
	return out
}

func (w *world) child(drive, folder, name string) odata.Object {
	for _, o := range w.children(drive, folder) {
		if strings.EqualFold(o["name"].(string), name) {
			return o
		}
	}
	return nil
}

// A target is what the path of a request to a drive leads to.
type target struct {
	drive  string
	item   odata.Object // nil: it is not there
	parent string       // the folder that it is in, or would be in; empty: not even that is there
	name   string
	action string // what follows the item: children, content, …
}

// follow reads what follows a drive: root, root:/PATH:/ACTION, items/ID/ACTION, items/ID:/PATH:/ACTION. ok is false where it is
// something else.
func (w *world) follow(drive string, rest []string) (t target, ok bool) {
	items := w.collection("drives", drive, "items")
	if items == nil || len(rest) == 0 {
		return t, false
	}
	t.drive = drive
	var first string
	switch strings.ToLower(strings.TrimSuffix(rest[0], ":")) {
	case "root":
		t.item, _ = items.get(rootID(drive))
		first, rest = rest[0], rest[1:]
	case "items":
		if len(rest) < 2 {
			return t, false
		}
		t.item, _ = items.get(strings.TrimSuffix(rest[1], ":"))
		first, rest = rest[1], rest[2:]
	default:
		return t, false
	}
	if strings.HasSuffix(first, ":") {
		for len(rest) > 0 {
			name, last := strings.CutSuffix(rest[0], ":")
			rest = rest[1:]
			t.parent, t.name = "", name
			if t.item != nil {
				t.parent = t.item["id"].(string)
				t.item = w.child(drive, t.parent, name)
			}
			if last {
				break
			}
		}
	}
	if t.item != nil {
		t.parent, t.name = parentOf(t.item), t.item["name"].(string)
	}
	t.action = strings.ToLower(strings.Join(rest, "/"))
	return t, true
}

func driveRoutes() []route {
	list := []route{on("GET", "drives/*", filesArea, readFiles, func(c *call) answer {
		drive := c.world.collection("drives", c.stars[0])
		if drive == nil {
			return c.area.notFound()
		}
		return c.one(http.StatusOK, "drives", drive.rows[0])
	})}
	for method, actions := range map[string]map[string]func(*call, target) answer{
		"GET":    {"": getItem, "children": listChildren, "content": downloadContent, "delta": driveDelta},
		"PUT":    {"content": putContent},
		"POST":   {"children": createFolder, "createuploadsession": createUpload, "invite": sharing("share"), "createlink": sharing("share")},
		"PATCH":  {"": patchItem},
		"DELETE": {"": deleteItem},
	} {
		scopes := writeFiles
		if method == "GET" {
			scopes = readFiles
		}
		list = append(list, on(method, "drives/*/**", filesArea, scopes, func(c *call) answer {
			t, ok := c.world.follow(c.stars[0], c.stars[1:])
			if !ok {
				return c.area.notFound()
			}
			do := actions[t.action]
			if do == nil && strings.HasPrefix(t.action, "search(q=") && method == "GET" {
				do = searchItems
			}
			if do == nil {
				return badRequest("Resource not found for the segment '" + t.action + "'.")
			}
			if t.item == nil && t.action != "content" && t.action != "createuploadsession" {
				return c.area.notFound()
			}
			return do(c, t)
		}))
	}
	return list
}

func (c *call) items(t target) *collection { return c.world.collection("drives", t.drive, "items") }

func getItem(c *call, t target) answer {
	o := maps.Clone(t.item)
	if o["file"] != nil {
		o["@microsoft.graph.downloadUrl"] = c.s.downloadURL(c, t)
	}
	return c.one(http.StatusOK, c.items(t).context, o)
}

func listChildren(c *call, t target) answer {
	return c.list(c.world.children(t.drive, t.item["id"].(string)), c.items(t))
}

func searchItems(c *call, t target) answer {
	text := strings.ToLower(strings.Trim(strings.TrimSuffix(strings.TrimPrefix(t.action, "search(q="), ")"), "'"))
	rows := slices.DeleteFunc(slices.Clone(odata.List(c.items(t).rows)), func(o odata.Object) bool {
		return !strings.Contains(strings.ToLower(o["name"].(string)), text)
	})
	return c.list(rows, c.items(t))
}

func driveDelta(c *call, t target) answer { return c.delta(c.items(t), c.items(t)) }

func createFolder(c *call, t target) answer {
	name, _ := c.body["name"].(string)
	if name == "" || c.body["folder"] == nil {
		return refused(http.StatusBadRequest, "invalidRequest", "A folder needs a name and a folder facet.")
	}
	if c.world.child(t.drive, t.item["id"].(string), name) != nil {
		return refused(http.StatusConflict, "nameAlreadyExists", "The specified item name already exists.")
	}
	return c.one(http.StatusCreated, c.items(t).context, c.world.putFolder(t.drive, t.item["id"].(string), name))
}

func patchItem(c *call, t target) answer {
	if a := c.stale(t.item); a != nil {
		return *a
	}
	return c.one(http.StatusOK, c.items(t).context, c.items(t).update(t.item["id"].(string), c.body))
}

func deleteItem(c *call, t target) answer {
	if a := c.stale(t.item); a != nil {
		return *a
	}
	id := t.item["id"].(string)
	c.items(t).remove(id)
	delete(c.world.files, t.drive+"/"+id)
	return noContent()
}

// sharing records an invitation or a link.
func sharing(kind string) func(*call, target) answer {
	return func(c *call, t target) answer {
		c.record(kind)
		permission := odata.Object{"id": c.world.id("permission " + t.item["id"].(string)), "roles": []any{"read"},
			"link": odata.Object{"type": "view", "scope": "organization", "webUrl": t.item["webUrl"]}}
		if t.action == "invite" {
			return newAnswer(http.StatusOK, odata.Object{"@odata.context": c.context("Collection(permission)"), "value": []odata.Object{permission}})
		}
		return c.one(http.StatusCreated, "permission", permission)
	}
}
