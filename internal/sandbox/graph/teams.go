package graph

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readTeams    = []string{"Team.ReadBasic.All", "TeamSettings.Read.All", "Group.Read.All"}
	readChannels = []string{"Channel.ReadBasic.All", "ChannelSettings.Read.All"}
	readPosts    = []string{"ChannelMessage.Read.All", "Group.Read.All"}
	sendPosts    = []string{"ChannelMessage.Send", "Group.ReadWrite.All"}
	readChats    = []string{"Chat.Read", "Chat.ReadWrite", "Chat.ReadBasic"}
	sendChats    = []string{"ChatMessage.Send", "Chat.ReadWrite"}
)

func (w *world) seedTeams() {
	teams := w.make("teams", "teams", 100, 999)
	for _, t := range w.tenant.Teams {
		teams.put(odata.Object{"id": t.GroupID, "displayName": t.DisplayName, "description": t.Description, "visibility": strings.ToLower(t.Visibility),
			"isArchived": t.Archived, "tenantId": w.tenant.ID, "webUrl": "https://teams.microsoft.com/l/team/" + t.GroupID})
		channels := w.make("teams/"+t.GroupID+"/channels", fmt.Sprintf("teams('%s')/channels", t.GroupID), 100, 999)
		for _, name := range t.Channels {
			id := "19:" + strings.ReplaceAll(w.id("channel "+t.GroupID+name), "-", "") + "@thread.tacv2"
			channels.put(odata.Object{"id": id, "displayName": name, "description": nil, "membershipType": "standard", "tenantId": w.tenant.ID})
			posts := w.make("teams/"+t.GroupID+"/channels/"+id+"/messages", fmt.Sprintf("teams('%s')/channels('%s')/messages", t.GroupID, id), 20, 50)
			for i := range 25 {
				posts.put(w.newPost(posts, w.tenant.Accounts[i%len(w.tenant.Accounts)], odata.Object{"content": fmt.Sprintf("Post %d in %s", i+1, name)}))
			}
		}
	}
	chats := w.make("chats", "chats", 20, 50)
	for i, a := range w.tenant.Accounts[1:] {
		first := w.tenant.Accounts[0]
		id := fmt.Sprintf("19:%s_%s@unq.gbl.spaces", first.ObjectID, a.ObjectID)
		chats.put(odata.Object{"id": id, "topic": nil, "chatType": "oneOnOne", "tenantId": w.tenant.ID, "createdDateTime": w.ago(time.Duration(i+1) * 24 * time.Hour),
			"members": []any{odata.Object{"userId": first.ObjectID, "displayName": first.DisplayName}, odata.Object{"userId": a.ObjectID, "displayName": a.DisplayName}}})
		messages := w.make("chats/"+id+"/messages", fmt.Sprintf("chats('%s')/messages", id), 20, 50)
		for j := range 5 {
			messages.put(w.newPost(messages, []directory.Account{first, a}[j%2], odata.Object{"content": fmt.Sprintf("Message %d", j+1)}))
		}
	}
}

func (w *world) newPost(in *collection, from directory.Account, body any) odata.Object {
	id := strconv.Itoa(1_700_000_000_000 + in.seq)
	return odata.Object{"id": id, "etag": id, "messageType": "message", "createdDateTime": w.ago(time.Duration(24-in.seq%24) * time.Hour), "subject": nil,
		"importance": "normal", "locale": "en-us", "deletedDateTime": nil, "body": body, "attachments": []any{}, "mentions": []any{}, "reactions": []any{},
		"from": odata.Object{"application": nil, "device": nil, "user": odata.Object{"id": from.ObjectID, "displayName": from.DisplayName,
			"userIdentityType": "aadUser", "tenantId": w.tenant.ID}}}
}

func teamRoutes() []route {
	posts, chat := in("teams/*/channels/*/messages"), in("chats/*/messages")
	return []route{
		on("GET", "users/*/joinedteams", teamsArea, readTeams, joinedTeams),
		on("GET", "teams/*", teamsArea, readTeams, getting(in("teams"))),
		on("GET", "teams/*/channels", teamsArea, readChannels, listing(in("teams/*/channels"))),
		on("GET", "teams/*/channels/*", teamsArea, readChannels, getting(in("teams/*/channels"))),
		on("GET", "teams/*/channels/*/messages", teamsArea, readPosts, listing(posts)),
		on("GET", "teams/*/channels/*/messages/*", teamsArea, readPosts, getting(posts)),
		on("POST", "teams/*/channels/*/messages", teamsArea, sendPosts, posting(posts)),
		on("POST", "teams/*/channels/*/messages/*/replies", teamsArea, sendPosts, posting(posts)),
		on("GET", "users/*/chats", teamsArea, readChats, myChats),
		on("GET", "chats", teamsArea, readChats, myChats),
		on("GET", "chats/*", teamsArea, readChats, getting(in("chats"))),
		on("GET", "chats/*/messages", teamsArea, readChats, listing(chat)),
		on("POST", "chats/*/messages", teamsArea, sendChats, posting(chat)),
	}
}

func joinedTeams(c *call) answer {
	teams := c.world.collection("teams")
	var rows odata.List
	for _, t := range teams.rows {
		if _, ok := c.world.collection("groups", t["id"].(string), "members").get(c.stars[0]); ok {
			rows = append(rows, t)
		}
	}
	return c.list(rows, teams)
}

// myChats lists the chats that the caller is a member of: nobody sees another's.
func myChats(c *call) answer {
	chats := c.world.collection("chats")
	var rows odata.List
	for _, o := range chats.rows {
		if strings.Contains(o["id"].(string), c.caller.ObjectID) {
			rows = append(rows, o)
		}
	}
	return c.list(rows, chats)
}

// posting adds a message as the caller, and records it.
func posting(in func(*call) *collection) func(*call) answer {
	return func(c *call) answer {
		messages := in(c)
		if messages == nil {
			return c.area.notFound()
		}
		body, ok := c.body["body"].(odata.Object)
		if text, _ := body["content"].(string); !ok || text == "" {
			return refused(http.StatusBadRequest, "BadRequest", "Missing body content")
		}
		var from directory.Account
		for _, a := range c.world.tenant.Accounts {
			if a.ObjectID == c.caller.ObjectID {
				from = a
			}
		}
		o := c.world.newPost(messages, from, body)
		o["createdDateTime"] = time.Now().UTC().Format(time.RFC3339)
		if !messages.put(o) {
			return full()
		}
		c.record("message")
		return c.one(http.StatusCreated, messages.context, o)
	}
}
