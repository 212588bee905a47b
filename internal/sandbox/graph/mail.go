package graph

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/directory"
	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

var (
	readMail  = []string{"Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic"}
	writeMail = []string{"Mail.ReadWrite"}
	sendMail  = []string{"Mail.Send"}
)

// wellKnown are the names that stand for folders.
var wellKnown = map[string]string{"inbox": "Inbox", "drafts": "Drafts", "sentitems": "Sent Items", "deleteditems": "Deleted Items",
	"archive": "Archive", "junkemail": "Junk Email"}

// inboxSize is how many messages each mailbox begins with.
const inboxSize = 60

func (w *world) seedMail(n int, a directory.Account) {
	base := "users/" + a.ObjectID
	folders := w.make(base+"/mailfolders", fmt.Sprintf("users('%s')/mailFolders", a.ObjectID), 10, 1000)
	folders.bySkip = true
	for _, name := range []string{"Archive", "Deleted Items", "Drafts", "Inbox", "Junk Email", "Sent Items"} {
		folders.put(odata.Object{"id": w.mailID(a.ObjectID + "/folder/" + name), "displayName": name, "childFolderCount": 0, "isHidden": false})
	}
	messages := w.make(base+"/messages", fmt.Sprintf("users('%s')/messages", a.ObjectID), 10, 1000)
	messages.bySkip = true
	subjects := []string{"Quarterly figures", "Re: Quarterly figures", "Invoice 4711", "Lunch on Friday?", "Server maintenance", "Newsletter"}
	for i := range inboxSize {
		from := w.tenant.Accounts[(n+i+1)%len(w.tenant.Accounts)]
		o := w.newMessage(a, fmt.Sprintf("message %d", i), "Inbox", odata.Object{
			"subject": subjects[i%len(subjects)],
			"body": odata.Object{"contentType": "text", "content": fmt.Sprintf("Dear %s,\n\nplease see number %d.\n\nBest regards\n%s",
				a.DisplayName, i, from.DisplayName)},
			"toRecipients": []any{person(a.DisplayName, a.UserPrincipalName)},
			"importance":   map[bool]string{true: "high", false: "normal"}[i%10 == 0],
		})
		at := w.ago(time.Duration(7+95*i) * time.Minute)
		o["from"], o["sender"] = person(from.DisplayName, from.UserPrincipalName), person(from.DisplayName, from.UserPrincipalName)
		o["receivedDateTime"], o["sentDateTime"], o["createdDateTime"] = at, at, at
		o["isRead"], o["isDraft"], o["hasAttachments"] = i%3 != 0, false, i%6 == 2
		messages.put(o)
	}
}

// newMessage makes a message of an account with the defaults of what is not given.
func (w *world) newMessage(a directory.Account, name, folder string, given odata.Object) odata.Object {
	now := time.Now().UTC().Format(time.RFC3339)
	id := w.mailID(a.ObjectID + "/" + name)
	me := person(a.DisplayName, a.UserPrincipalName)
	o := odata.Object{"id": id, "subject": "", "body": odata.Object{"contentType": "text", "content": ""}, "toRecipients": []any{},
		"ccRecipients": []any{}, "bccRecipients": []any{}, "replyTo": []any{}, "categories": []any{}, "importance": "normal",
		"isRead": true, "isDraft": folder == "Drafts", "hasAttachments": false, "from": me, "sender": me, "createdDateTime": now,
		"receivedDateTime": now, "sentDateTime": now, "internetMessageId": "<" + w.id(name) + "@" + w.tenant.InitialDomain + ">",
		"conversationId": "AAQkAD" + w.id("conversation "+name), "parentFolderId": w.mailID(a.ObjectID + "/folder/" + folder),
		"webLink": "https://outlook.office365.com/owa/?ItemID=" + id + "&exvsurl=1", "flag": odata.Object{"flagStatus": "notFlagged"}}
	for k, v := range given {
		if _, known := o[k]; known && k != "id" {
			o[k] = v
		}
	}
	if b, ok := o["body"].(odata.Object); ok {
		text, _ := b["content"].(string)
		o["bodyPreview"] = strings.Join(strings.Fields(text[:min(len(text), 255)]), " ")
	}
	return o
}

func mailRoutes() []route {
	folders, messages := in("users/*/mailfolders"), in("users/*/messages")
	return []route{
		on("GET", "users/*/mailfolders", mailArea, readMail, listing(folders)),
		on("GET", "users/*/mailfolders/*", mailArea, readMail, getting(folders)),
		on("GET", "users/*/mailfolders/*/messages", mailArea, readMail, inFolder(false)),
		on("GET", "users/*/mailfolders/*/messages/delta", mailArea, readMail, inFolder(true)),
		on("POST", "users/*/mailfolders/*/messages", mailArea, writeMail, createDraft),
		on("GET", "users/*/messages", mailArea, readMail, listing(messages)),
		on("POST", "users/*/messages", mailArea, writeMail, createDraft),
		on("GET", "users/*/messages/*", mailArea, readMail, getting(messages)),
		on("PATCH", "users/*/messages/*", mailArea, writeMail, updating(messages)),
		on("DELETE", "users/*/messages/*", mailArea, writeMail, removing(messages)),
		on("GET", "users/*/messages/*/$value", mailArea, readMail, mimeOf),
		on("POST", "users/*/messages/*/move", mailArea, writeMail, move),
		on("POST", "users/*/messages/*/createreply", mailArea, writeMail, answering("Re: ")),
		on("POST", "users/*/messages/*/createreplyall", mailArea, writeMail, answering("Re: ")),
		on("POST", "users/*/messages/*/createforward", mailArea, writeMail, answering("Fw: ")),
		on("POST", "users/*/messages/*/send", mailArea, sendMail, sendDraft),
		on("POST", "users/*/messages/*/reply", mailArea, sendMail, sendAnswer("reply", "Re: ")),
		on("POST", "users/*/messages/*/replyall", mailArea, sendMail, sendAnswer("reply", "Re: ")),
		on("POST", "users/*/messages/*/forward", mailArea, sendMail, sendAnswer("forward", "Fw: ")),
		on("POST", "users/*/sendmail", mailArea, sendMail, sendNew),
	}
}

// inFolder lists the messages of one folder.
func inFolder(delta bool) func(*call) answer {
	return func(c *call) answer {
		folders, messages := in("users/*/mailfolders")(c), in("users/*/messages")(c)
		if folders == nil {
			return c.area.notFound()
		}
		if _, ok := folders.get(c.stars[1]); !ok {
			return c.area.notFound()
		}
		rows := messages.where("parentFolderId", c.stars[1])
		if delta {
			return c.delta(messages, rows)
		}
		return c.list(rows, messages)
	}
}

// mailbox returns the account of the mailbox and its messages; nil where there is none.
func (c *call) mailbox() (directory.Account, *collection) {
	for _, a := range c.world.tenant.Accounts {
		if a.ObjectID == c.stars[0] {
			return a, in("users/*/messages")(c)
		}
	}
	return directory.Account{}, nil
}

// newName makes the name of a thing that a client makes: unique as long as the sandbox lives.
func (c *call) newName(in *collection) string { return fmt.Sprintf("made %d", in.seq) }

func createDraft(c *call) answer {
	a, messages := c.mailbox()
	if messages == nil {
		return c.area.notFound()
	}
	if c.body == nil {
		return badRequest("A JSON body is required.")
	}
	o := c.world.newMessage(a, c.newName(messages), "Drafts", c.body)
	if len(c.stars) > 1 {
		o["parentFolderId"] = c.stars[1]
	}
	if !messages.put(o) {
		return full()
	}
	return c.one(http.StatusCreated, messages.context, o)
}

func mimeOf(c *call) answer {
	_, o := c.find(in("users/*/messages"))
	if o == nil {
		return c.area.notFound()
	}
	body, _ := o["body"].(odata.Object)
	return content("text/plain", fmt.Appendf(nil, "MIME-Version: 1.0\r\nSubject: %v\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%v\r\n",
		o["subject"], body["content"]))
}

func move(c *call) answer {
	messages, o := c.find(in("users/*/messages"))
	if o == nil {
		return c.area.notFound()
	}
	folder, _ := c.body["destinationId"].(string)
	if name, ok := wellKnown[strings.ToLower(folder)]; ok {
		folder = c.world.mailID(c.stars[0] + "/folder/" + name)
	}
	if _, ok := in("users/*/mailfolders")(c).get(folder); !ok {
		return c.area.notFound()
	}
	return c.one(http.StatusCreated, messages.context, messages.update(c.stars[1], odata.Object{"parentFolderId": folder}))
}

// draftAnswer makes the reply to a message, or its forward.
func (c *call) draftAnswer(prefix, folder string) (odata.Object, *collection) {
	a, messages := c.mailbox()
	if messages == nil {
		return nil, nil
	}
	original, ok := messages.get(c.stars[1])
	if !ok {
		return nil, nil
	}
	given := odata.Object{}
	if m, ok := c.body["message"].(odata.Object); ok {
		maps.Copy(given, m)
	}
	if to, ok := c.body["toRecipients"]; ok {
		given["toRecipients"] = to
	} else if prefix == "Re: " {
		given["toRecipients"] = []any{original["from"]}
	}
	subject, _ := original["subject"].(string)
	given["subject"] = prefix + strings.TrimPrefix(subject, prefix)
	if comment, ok := c.body["comment"].(string); ok {
		given["body"] = odata.Object{"contentType": "text", "content": comment}
	}
	o := c.world.newMessage(a, c.newName(messages), folder, given)
	o["conversationId"] = original["conversationId"]
	return o, messages
}

func answering(prefix string) func(*call) answer {
	return func(c *call) answer {
		o, messages := c.draftAnswer(prefix, "Drafts")
		if o == nil {
			return c.area.notFound()
		}
		if !messages.put(o) {
			return full()
		}
		return c.one(http.StatusCreated, messages.context, o)
	}
}

func sendAnswer(kind, prefix string) func(*call) answer {
	return func(c *call) answer {
		o, messages := c.draftAnswer(prefix, "Sent Items")
		if o == nil {
			return c.area.notFound()
		}
		if to, _ := o["toRecipients"].([]any); len(to) == 0 {
			return refused(http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid.")
		}
		c.record(kind)
		messages.put(o) // a full mailbox keeps no copy
		return accepted()
	}
}

func sendDraft(c *call) answer {
	messages, o := c.find(in("users/*/messages"))
	if o == nil {
		return c.area.notFound()
	}
	if to, _ := o["toRecipients"].([]any); len(to) == 0 || o["isDraft"] != true {
		return refused(http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid.")
	}
	c.record("sendMail")
	messages.update(c.stars[1], odata.Object{"isDraft": false, "parentFolderId": c.world.mailID(c.stars[0] + "/folder/Sent Items")})
	return accepted()
}

func sendNew(c *call) answer {
	a, messages := c.mailbox()
	m, _ := c.body["message"].(odata.Object)
	to, _ := m["toRecipients"].([]any)
	switch {
	case messages == nil:
		return c.area.notFound()
	case c.stars[0] != c.caller.ObjectID:
		return refused(http.StatusForbidden, "ErrorSendAsDenied", "The user account which was used to submit this request does not have the right "+
			"to send mail on behalf of the specified sending account.")
	case m == nil:
		return refused(http.StatusBadRequest, "ErrorInvalidRequest", "The message is missing.")
	case len(to) == 0:
		return refused(http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid.")
	}
	c.record("sendMail")
	if c.body["saveToSentItems"] != false {
		messages.put(c.world.newMessage(a, c.newName(messages), "Sent Items", m)) // a full mailbox keeps no copy
	}
	return accepted()
}
