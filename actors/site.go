package actors

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
)

// findSite asks Graph for the root site of the tenant, because its SharePoint need not be called as its domain.
func (a *accountActor) findSite(ctx actor.Context, module mm.Module, ask session.AskSite, t mm.Token) {
	refused := func(err error) accountAnswered {
		return accountAnswered{module: module, event: session.TokenRefused{ID: ask.ID, Err: noSite(err)}}
	}
	a.work(ctx, a.life, fetchLimit, func(c context.Context) any {
		call, bad := a.config.Graph.Prepare(ask.Connection, mm.GraphRequest{Connection: a.name, Endpoint: "/sites/root?$select=siteCollection", Timeout: fetchLimit})
		if bad != nil {
			return refused(bad)
		}
		tokens := func(context.Context, mm.Secret, string) (mm.Secret, error) { return t.Text, nil }
		result, err := a.config.Graph.Do(c, ask.Connection, call, tokens, nil)
		if err != nil {
			return refused(err)
		}
		host, err := hostOfRoot(result.Data, ask.Connection.Endpoints().SharePoint)
		if err != nil {
			return refused(err)
		}
		return accountAnswered{module: module, event: session.SiteFound{ID: ask.ID, Host: host}}
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
