package actors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/account"
	"github.com/microsoft-master/mm/actors/session"
)

// siteDone brings what Graph says of the tenant's SharePoint, as an event for the session.
type siteDone struct {
	module mm.Module
	event  session.Event
}

// askForSite asks Graph for the root site of the tenant, because its SharePoint need not be called as its domain.
func (a *accountActor) askForSite(ctx actor.Context, m siteAsked) {
	id := m.ask.ID
	tell := func(ctx actor.Context, e session.Event) {
		ctx.Send(a.parent, tokenAnswered{module: m.module, event: e})
	}
	if a.config.Graph == nil {
		tell(ctx, session.TokenRefused{ID: id, Err: noSite(errors.New("Graph is not served"))})
		return
	}
	a.ask(ctx, account.Ask{ID: sessionAsk(m.module, id), Connection: m.ask.Connection, Audience: mm.AudienceGraph}, asker{
		given: func(ctx actor.Context, t mm.Token) { a.findSite(ctx, m, t) },
		shown: func(ctx actor.Context, c mm.Challenge) bool {
			tell(ctx, session.TokenShown{ID: id, Challenge: c})
			return false
		},
		refused: func(ctx actor.Context, err *mm.Error, _ mm.InteractionReason) {
			tell(ctx, session.TokenRefused{ID: id, Err: err})
		},
	})
}

func (a *accountActor) findSite(ctx actor.Context, m siteAsked, t mm.Token) {
	refused := func(err error) siteDone {
		return siteDone{module: m.module, event: session.TokenRefused{ID: m.ask.ID, Err: noSite(err)}}
	}
	a.work(ctx, a.life, fetchLimit, func(c context.Context) any {
		call, bad := a.config.Graph.Prepare(m.ask.Connection, mm.GraphRequest{Connection: a.name, Endpoint: "/sites/root?$select=siteCollection", Timeout: fetchLimit})
		if bad != nil {
			return refused(bad)
		}
		tokens := func(context.Context, mm.Secret, string) (mm.Secret, error) { return t.Text, nil }
		result, err := a.config.Graph.Do(c, m.ask.Connection, call, tokens, nil)
		if err != nil {
			return refused(err)
		}
		host, err := hostOfRoot(result.Data, m.ask.Connection.Endpoints().SharePoint)
		if err != nil {
			return refused(err)
		}
		return siteDone{module: m.module, event: session.SiteFound{ID: m.ask.ID, Host: host}}
	}, func(err *mm.Error) any { return refused(err) })
}

// hostOfRoot takes the first label of the host out of Graph's answer.
func hostOfRoot(data json.RawMessage, suffix string) (string, error) {
	var site struct {
		SiteCollection struct {
			Hostname string `json:"hostname"`
		} `json:"siteCollection"`
	}
	if err := json.Unmarshal(data, &site); err != nil {
		return "", err
	}
	host, ok := strings.CutSuffix(strings.ToLower(site.SiteCollection.Hostname), suffix)
	if !ok || host == "" || strings.Contains(host, ".") {
		return "", fmt.Errorf("the root site is at %.100q", site.SiteCollection.Hostname)
	}
	return host, nil
}

// noSite says that the host is not known.
func noSite(err error) *mm.Error {
	return mm.Errorf(mm.GraphFailed, "Set it: mm-connections edit NAME sharepoint_host HOST (of https://HOST.sharepoint.com).",
		"Where the tenant's SharePoint is could not be asked of Graph: %v", err)
}
