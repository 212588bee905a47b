package graph

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

// A call is one request on its way. The server's lock is held meanwhile.
type call struct {
	s        *Server
	r        *http.Request
	world    *world
	caller   Caller
	version  string
	area     area
	stars    []string // what the route's stars stand for
	query    odata.Query
	params   url.Values
	eventual bool // ConsistencyLevel: eventual
	body     odata.Object
	raw      []byte
}

// base is the address of Graph as the client wrote it.
func (c *call) base() string { return "https://" + c.r.Host }

func (c *call) context(of string) string { return c.base() + "/" + c.version + "/$metadata#" + of }

// one answers with an object.
func (c *call) one(status int, context string, o odata.Object) answer {
	if denied := c.noExpand(); denied != nil {
		return *denied
	}
	out := odata.Object{"@odata.context": c.context(context + "/$entity")}
	for k, v := range c.query.Pick(o) {
		out[k] = v
	}
	return newAnswer(status, out)
}

func (c *call) noExpand() *answer {
	for _, e := range c.query.Expand {
		if name, _, _ := strings.Cut(e, "("); !strings.EqualFold(name, "fields") && !strings.EqualFold(name, "attachments") {
			a := badRequest("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' to expand. The sandbox expands " +
				"fields and attachments only.")
			return &a
		}
	}
	return nil
}

// list answers with the page of rows that the query asks for; like says how its pages are.
func (c *call) list(rows odata.Rows, like *collection) answer {
	if denied := c.noExpand(); denied != nil {
		return *denied
	}
	switch {
	case c.query.Top > like.most:
		return badRequest("Invalid page size specified: '" + strconv.Itoa(c.query.Top) + "'. Must be between 1 and " + strconv.Itoa(like.most) + " inclusive.")
	case like.eventual && c.query.Search != "" && !c.eventual:
		return refused(http.StatusBadRequest, "Request_UnsupportedQuery",
			"Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	case like.eventual && c.query.NeedsEventual && !c.eventual:
		return refused(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query. Add the header ConsistencyLevel: eventual and $count=true.")
	}
	page := c.query.Apply(rows, like.size)
	values := make([]odata.Object, 0, len(page.Items))
	for _, o := range page.Items {
		values = append(values, c.query.Pick(o))
	}
	out := odata.Object{"@odata.context": c.context(like.context), "value": values}
	if c.query.Count && (!like.eventual || c.eventual) {
		out["@odata.count"] = page.Total
	}
	if page.Next > 0 {
		out["@odata.nextLink"] = c.next(page.Next, like.bySkip)
	}
	return newAnswer(http.StatusOK, out)
}

// next is the address of the page that begins there.
func (c *call) next(skip int, bySkip bool) string {
	q := c.r.URL.Query()
	q.Del("$skip")
	q.Del("$skiptoken")
	if bySkip {
		q.Set("$skip", strconv.Itoa(skip))
	} else {
		q.Set("$skiptoken", odata.SkipToken(skip))
	}
	return c.address(q)
}

// address is the request's own address with another query, whose dollars Graph leaves as they are.
func (c *call) address(q url.Values) string {
	return c.base() + c.r.URL.EscapedPath() + "?" + strings.ReplaceAll(q.Encode(), "%24", "$")
}

// stale returns the 412 of a request whose If-Match does not fit.
func (c *call) stale(o odata.Object) *answer {
	want := c.r.Header.Get("If-Match")
	if want == "" || want == "*" || want == o["@odata.etag"] {
		return nil
	}
	a := refused(http.StatusPreconditionFailed, "ErrorIrresolvableConflict", "The ETag value in the If-Match header does not match the current one.")
	return &a
}

// The four things that one does with most objects. in finds the collection by the stars; the last star is the id.

func listing(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		if found := in(c); found != nil {
			return c.list(found, found)
		}
		return c.area.notFound()
	}
}

func getting(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		found, o := c.find(in)
		if o == nil {
			return c.area.notFound()
		}
		return c.one(http.StatusOK, found.context, o)
	}
}

func updating(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		found, o := c.find(in)
		if o == nil {
			return c.area.notFound()
		}
		if a := c.stale(o); a != nil {
			return *a
		}
		if c.body == nil {
			return badRequest("A JSON body is required.")
		}
		return c.one(http.StatusOK, found.context, found.update(o["id"].(string), c.body))
	}
}

func removing(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		found, o := c.find(in)
		if o == nil {
			return c.area.notFound()
		}
		if a := c.stale(o); a != nil {
			return *a
		}
		found.remove(o["id"].(string))
		return noContent()
	}
}

// find returns the collection and the object that the last star names; a nil object where there is none.
func (c *call) find(in func(*call) *collection) (*collection, odata.Object) {
	found := in(c)
	if found == nil {
		return nil, nil
	}
	o, _ := found.get(c.stars[len(c.stars)-1])
	return found, o
}

// full is the answer where a collection has no room.
func full() answer {
	return refused(http.StatusInsufficientStorage, "quotaLimitReached", "The sandbox holds no more of these.")
}

// delta answers with what changed since the client's last delta; without a token, with everything.
func (c *call) delta(in *collection, rows odata.Rows) answer {
	since, _ := strconv.Atoi(strings.TrimPrefix(c.query.DeltaToken, "s"))
	q := c.query
	if since > 0 {
		changed := odata.List{}
		for i := range rows.Len() {
			if o := rows.At(i); in.changed[o["id"].(string)] > since {
				changed = append(changed, o)
			}
		}
		for _, t := range in.removed {
			if t.seq > since {
				changed = append(changed, odata.Object{"id": t.id, "@removed": odata.Object{"reason": "deleted"}})
			}
		}
		rows = changed
	}
	page := q.Apply(rows, in.size)
	values := make([]odata.Object, 0, len(page.Items))
	for _, o := range page.Items {
		values = append(values, q.Pick(o))
	}
	out := odata.Object{"@odata.context": c.context(in.context), "value": values}
	if page.Next > 0 {
		out["@odata.nextLink"] = c.next(page.Next, false)
		return newAnswer(http.StatusOK, out)
	}
	again := c.r.URL.Query()
	again.Del("$skiptoken")
	again.Set("$deltatoken", "s"+strconv.Itoa(in.seq))
	out["@odata.deltaLink"] = c.address(again)
	return newAnswer(http.StatusOK, out)
}
