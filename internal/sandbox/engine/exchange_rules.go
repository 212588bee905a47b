package engine

import (
	"time"

	"github.com/microsoft-master/mm/internal/sandbox"
)

// owner returns the mailbox that a rule command is about: the one named, or that of who is signed in.
func owner(who *account, a args) (*object, error) {
	identity := a.text("Mailbox")
	if identity == "" {
		identity = who.upn
	}
	if o := findMailbox(who, identity); o != nil {
		return o, nil
	}
	return nil, notFound(identity)
}

func getRules(r *run, who *account, a args) error {
	box, err := owner(who, a)
	if err != nil {
		return err
	}
	return r.identified(who, rulesOf(box), a, "Name", "RuleIdentity")
}

// inboxRule makes the object that Get-InboxRule gives.
func inboxRule(alias string, rule sandbox.InboxRule) *object {
	o := objectOf(ruleView, rule)
	return o.with(property{"Identity", alias + `\` + rule.RuleIdentity}, property{"MailboxOwnerId", alias})
}

func newRule(r *run, who *account, a args) error {
	box, err := owner(who, a)
	if err != nil {
		return err
	}
	count := len(who.rows(rulesOf(box))) + 1
	o := inboxRule(box.text("Alias"), sandbox.InboxRule{
		Name: a.text("Name"), RuleIdentity: textOf(int64(count)), Enabled: true, Priority: count,
		SubjectContains: a.texts("SubjectContainsWords"), From: a.texts("From"), MoveToFolder: a.text("MoveToFolder"),
		ForwardTo: a.texts("ForwardTo"), DeleteMessage: a.isSet("DeleteMessage"),
	})
	if err := who.put(rulesOf(box), nil, o); err != nil {
		return err
	}
	r.emit(o)
	return nil
}

// messageTrace counts the age of messages back from now, so that the trace is never empty.
func messageTrace(r *run, who *account, a args) error {
	var rows []*object
	for _, m := range who.tenant.Messages {
		rows = append(rows, &object{traceView, []property{
			{"Received", time.Now().UTC().Add(-time.Duration(m.AgeMinutes) * time.Minute).Truncate(time.Second)},
			{"SenderAddress", m.SenderAddress}, {"RecipientAddress", m.RecipientAddress}, {"Subject", m.Subject},
			{"Status", m.Status}, {"Size", int64(m.Size)}, {"MessageTraceId", m.MessageTraceID}}})
	}
	for _, name := range []string{"SenderAddress", "RecipientAddress", "Status"} {
		if values := a.texts(name); values != nil {
			rows = keep(rows, name, values)
		}
	}
	return r.emitAll(r.limited(rows, a))
}
