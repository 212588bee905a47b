package graph

import (
	"fmt"
	"net/http"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readCalendars  = []string{"Calendars.Read", "Calendars.ReadWrite"}
	writeCalendars = []string{"Calendars.ReadWrite"}
)

// eventTime is how events write a time: without a zone, which stands beside it.
const eventTime = "2006-01-02T15:04:05.0000000"

func at(t time.Time) odata.Object {
	return odata.Object{"dateTime": t.UTC().Format(eventTime), "timeZone": "UTC"}
}

// seedCalendar gives a person a meeting on each of thirty days.
func (w *world) seedCalendar(n int, a directory.Account) {
	events := w.make("users/"+a.ObjectID+"/events", fmt.Sprintf("users('%s')/events", a.ObjectID), 10, 1000)
	events.bySkip = true
	subjects := []string{"Daily meeting", "Review of the figures", "Interview", "One on one"}
	for i := range 30 {
		start := w.day.AddDate(0, 0, i-5).Add(time.Duration(8+(i+n)%8) * time.Hour)
		other := w.tenant.Accounts[(n+i+1)%len(w.tenant.Accounts)]
		events.put(w.newEvent(a, fmt.Sprintf("event %d", i), odata.Object{"subject": subjects[i%len(subjects)], "start": at(start),
			"end": at(start.Add(time.Hour)), "attendees": []any{attendee(other)}, "location": odata.Object{"displayName": "Room " + fmt.Sprint(1+i%4)}}))
	}
}

func attendee(a directory.Account) odata.Object {
	o := person(a.DisplayName, a.UserPrincipalName)
	o["type"], o["status"] = "required", odata.Object{"response": "none", "time": "0001-01-01T00:00:00Z"}
	return o
}

func (w *world) newEvent(a directory.Account, name string, given odata.Object) odata.Object {
	now := time.Now().UTC().Format(time.RFC3339)
	o := odata.Object{"id": w.mailID(a.ObjectID + "/" + name), "subject": "", "bodyPreview": "", "body": odata.Object{"contentType": "text", "content": ""},
		"start": at(w.day), "end": at(w.day), "isAllDay": false, "isCancelled": false, "isOrganizer": true, "showAs": "busy", "type": "singleInstance",
		"importance": "normal", "categories": []any{}, "location": odata.Object{"displayName": ""}, "attendees": []any{}, "recurrence": nil,
		"organizer": person(a.DisplayName, a.UserPrincipalName), "isOnlineMeeting": false, "onlineMeeting": nil,
		"iCalUId": "040000008200E000" + w.id("ical "+name), "createdDateTime": now, "lastModifiedDateTime": now}
	for k, v := range given {
		if _, known := o[k]; known && k != "id" {
			o[k] = v
		}
	}
	return o
}

func calendarRoutes() []route {
	events := in("users/*/events")
	list := []route{
		on("GET", "users/*/events/*", mailArea, readCalendars, getting(events)),
		on("PATCH", "users/*/events/*", mailArea, writeCalendars, inviting(updating(events))),
		on("DELETE", "users/*/events/*", mailArea, writeCalendars, inviting(removing(events))),
		on("POST", "users/*/events/*/cancel", mailArea, writeCalendars, responding("cancellation", true)),
		on("POST", "users/*/events/*/forward", mailArea, writeCalendars, responding("forward", false)),
	}
	for _, r := range []string{"accept", "decline", "tentativelyaccept"} {
		list = append(list, on("POST", "users/*/events/*/"+r, mailArea, writeCalendars, responding("response", false)))
	}
	for _, calendar := range []string{"", "/calendar"} {
		list = append(list, on("GET", "users/*"+calendar+"/events", mailArea, readCalendars, listing(events)),
			on("POST", "users/*"+calendar+"/events", mailArea, writeCalendars, createEvent),
			on("GET", "users/*"+calendar+"/calendarview", mailArea, readCalendars, calendarView))
	}
	return list
}

// inviting records a change of an event that others are invited to.
func inviting(do func(*call) answer) func(*call) answer {
	return func(c *call) answer {
		_, o := c.find(in("users/*/events"))
		a := do(c)
		if others, _ := o["attendees"].([]any); len(others) > 0 && a.status < 300 {
			c.record("invitation")
		}
		return a
	}
}

func createEvent(c *call) answer {
	a, _ := c.mailbox()
	events := in("users/*/events")(c)
	if events == nil {
		return c.area.notFound()
	}
	for _, needed := range []string{"subject", "start", "end"} {
		if c.body[needed] == nil {
			return refused(http.StatusBadRequest, "ErrorPropertyValidationFailure", "At least one property failed validation: "+needed+" is missing.")
		}
	}
	o := c.world.newEvent(a, c.newName(events), c.body)
	if !events.put(o) {
		return full()
	}
	if others, _ := o["attendees"].([]any); len(others) > 0 {
		c.record("invitation")
	}
	return c.one(http.StatusCreated, events.context, o)
}

// calendarView lists the events between two times.
func calendarView(c *call) answer {
	events := in("users/*/events")(c)
	if events == nil {
		return c.area.notFound()
	}
	from, errFrom := parseTime(c.params.Get("startDateTime"))
	to, errTo := parseTime(c.params.Get("endDateTime"))
	if errFrom != nil || errTo != nil {
		return refused(http.StatusBadRequest, "ErrorInvalidParameter", "This request requires a time window specified by the query string parameters "+
			"StartDateTime and EndDateTime.")
	}
	var rows odata.List
	for _, o := range events.rows {
		start, _ := o["start"].(odata.Object)
		end, _ := o["end"].(odata.Object)
		begins, _ := start["dateTime"].(string)
		ends, _ := end["dateTime"].(string)
		s, errS := parseTime(begins)
		e, errE := parseTime(ends)
		if errS == nil && errE == nil && s.Before(to) && e.After(from) {
			rows = append(rows, o)
		}
	}
	return c.list(rows, events)
}

// parseTime reads a time with a zone or, as events have it, without one.
func parseTime(s string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return t, err
}

// responding records what is told to the others; cancel ends the event, too.
func responding(kind string, cancel bool) func(*call) answer {
	return func(c *call) answer {
		events, o := c.find(in("users/*/events"))
		if o == nil {
			return c.area.notFound()
		}
		c.record(kind)
		if cancel {
			events.remove(o["id"].(string))
		}
		return accepted()
	}
}
