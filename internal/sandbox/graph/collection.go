package graph

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// A collection is objects of one kind in their order. An object is never changed, only replaced.
type collection struct {
	context string // what stands behind $metadata#
	rows    []odata.Object
	byID    map[string]int
	seq     int            // counts changes
	changed map[string]int // the seq of each object's last change
	removed []tombstone

	size, most int  // items on a page: by default, and at most
	bySkip     bool // continuations have $skip in place of $skiptoken, as Exchange's
	eventual   bool // a directory, which takes some queries only with ConsistencyLevel: eventual
}

// A tombstone is a removed object, for delta.
type tombstone struct {
	id  string
	seq int
}

// maxRows bounds the objects of a collection, and its tombstones.
const maxRows = 20_000

func newCollection(context string, size, most int) *collection {
	return &collection{context: context, byID: map[string]int{}, changed: map[string]int{}, size: size, most: most}
}

// Len and At implement odata.Rows.
func (c *collection) Len() int              { return len(c.rows) }
func (c *collection) At(i int) odata.Object { return c.rows[i] }

func (c *collection) get(id string) (odata.Object, bool) {
	i, ok := c.byID[id]
	if !ok {
		return nil, false
	}
	return c.rows[i], true
}

// put adds an object, or replaces the one of its id, and gives it a new ETag. It reports whether there was room.
func (c *collection) put(o odata.Object) bool {
	id := o["id"].(string)
	i, replaces := c.byID[id]
	if !replaces && len(c.rows) >= maxRows {
		return false
	}
	c.seq++
	o["@odata.etag"] = `W/"` + strconv.Itoa(c.seq) + `"`
	c.changed[id] = c.seq
	if replaces {
		c.rows[i] = o
	} else {
		c.byID[id] = len(c.rows)
		c.rows = append(c.rows, o)
	}
	return true
}

// update replaces an object by one with other values. Members of objects are merged; null removes.
func (c *collection) update(id string, changes odata.Object) odata.Object {
	old, _ := c.get(id)
	o := maps.Clone(old)
	for k, v := range changes {
		if strings.HasPrefix(k, "@") || k == "id" {
			continue
		}
		if part, ok := v.(odata.Object); ok {
			if whole, ok := o[k].(odata.Object); ok {
				merged := maps.Clone(whole)
				maps.Copy(merged, part)
				o[k] = merged
				continue
			}
		}
		o[k] = v
	}
	c.put(o)
	return o
}

func (c *collection) remove(id string) {
	i := c.byID[id]
	c.rows = slices.Delete(c.rows, i, i+1)
	delete(c.byID, id)
	delete(c.changed, id)
	for other, j := range c.byID {
		if j > i {
			c.byID[other] = j - 1
		}
	}
	c.seq++
	if len(c.removed) >= maxRows {
		c.removed = slices.Delete(c.removed, 0, maxRows/2)
	}
	c.removed = append(c.removed, tombstone{id, c.seq})
}

// where returns the objects whose property has that value.
func (c *collection) where(property string, value any) odata.List {
	var out odata.List
	for _, o := range c.rows {
		if o[property] == value {
			out = append(out, o)
		}
	}
	return out
}
