package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// remedy says what to do about a failure.
func (r *run) remedy(resp *http.Response, f fault) string {
	again := againRemedy(r.executed)
	switch status := resp.StatusCode; {
	case f.html:
		return proxyRemedy
	case status == http.StatusUnauthorized:
		return "Sign in again: mm sign-in " + shellWord(r.connection.Name) + "."
	case status == http.StatusForbidden:
		return r.forbidden(resp.Header, f)
	case status == http.StatusBadRequest:
		return r.badRequest(f)
	case status == http.StatusNotFound, status == http.StatusGone:
		return r.notFound(f)
	case status == http.StatusMethodNotAllowed:
		return r.call.Method + " is not what this address takes. Actions want POST, changes PATCH, reading GET."
	case status == http.StatusNotAcceptable, status == http.StatusUnsupportedMediaType:
		return "Send the body as a JSON object; files by body_file to …/content."
	case status == http.StatusConflict:
		return "Something of that name exists, or it was changed meanwhile: read it again, then choose another name or send the change anew."
	case status == http.StatusPreconditionFailed, status == http.StatusPreconditionRequired:
		return "It was changed meanwhile, or its version is missing: read it again, and send its @odata.etag in the header If-Match."
	case status == http.StatusLocked:
		return "Somebody has it open or checked out: wait until it is closed, or check it in."
	case status == http.StatusRequestEntityTooLarge:
		return "Send it as body_file to …/content or …/createUploadSession."
	case status == http.StatusRequestURITooLong, status == http.StatusRequestHeaderFieldsTooLarge:
		return "Ask for less in one request: a shorter $filter, or a $batch."
	case status == http.StatusTooManyRequests:
		return r.throttled(resp.Header)
	case status == http.StatusNotImplemented:
		return "The service does not offer this; look whether /beta does."
	case status == http.StatusInsufficientStorage:
		return "The quota of the mailbox or drive is used up: make room there."
	case status >= 500:
		if d, told := retryAfter(resp.Header, time.Now()); told && r.executed == mm.ExecutedNo {
			return fmt.Sprintf("The service is in trouble. Try again in %s.", d.Round(time.Second))
		}
		return "The service is in trouble. " + again
	case redirected(status):
		return "The service has it elsewhere, and " + r.call.Method + " is not sent there. Read the item to find its address."
	}
	return "Look at the message; what is asked for has to change."
}

func (r *run) throttled(h http.Header) string {
	if d, told := retryAfter(h, time.Now()); told {
		return fmt.Sprintf("Too many requests. Nothing was done; wait %s, then ask for less at once.", d.Round(time.Second))
	}
	return "Too many requests. Nothing was done; wait a minute, then ask for less at once."
}

// forbidden tells a missing scope from a missing right.
func (r *run) forbidden(h http.Header, f fault) string {
	if claimsOf(h) != "" {
		return "A policy of the tenant wants more proof: mm sign-in " + shellWord(r.connection.Name) + "."
	}
	scope, sure := neededScope(f.message, r.call)
	if strings.Contains(strings.ToLower(f.code+f.inner+f.message), "license") {
		return "The account or tenant lacks a licence for this: an administrator can assign one."
	}
	if scope == "" {
		return "The account has no right to this, or the app lacks a permission. Ask an administrator which, or consent to more: " + r.consent()
	}
	if sure {
		return fmt.Sprintf("The app lacks the delegated permission %s. Add it to the app registration; then an administrator consents at %s", scope, r.consent())
	}
	return fmt.Sprintf("The account has no right to this, or the app lacks the delegated permission %s: then add it to the app registration "+
		"and let an administrator consent at %s", scope, r.consent())
}

// consent is where an administrator of the tenant consents to what the app's registration asks for.
func (r *run) consent() string {
	tenant := r.connection.TenantOrID()
	if tenant == "" {
		tenant = "organizations"
	}
	return r.connection.Endpoints().Authority + "/" + url.PathEscape(tenant) + "/adminconsent?client_id=" + url.QueryEscape(r.connection.AppID)
}

func (r *run) badRequest(f fault) string {
	text := strings.ToLower(f.code + " " + f.inner + " " + f.message)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	query, _ := url.ParseQuery(queryOf(r.call.URL)) // what can be read of it will do
	advanced := query.Has("$search") || query.Has("$count") || query.Has("$orderby") || query.Has("$filter")
	switch {
	case has("api-version", "apiversion"):
		return "Add api-version=2016-11-01 to the query."
	case has("consistencylevel", "unsupported_query", "request_unsupportedquery", "unsupportedquery", "unsupported or invalid query filter",
		"not supported for", "$search") && advanced && r.call.Headers["ConsistencyLevel"] == "":
		return "Send the header ConsistencyLevel: eventual and $count=true: Graph wants them for $search, $count, ne, not, endsWith and $orderby with $filter."
	case has("$filter", "filter clause", "syntax error", "invalid filter", "unterminated", "string literal"):
		return "Check the $filter: texts in single quotes with ' doubled, eq ne gt ge lt le and or not, startswith(name,'x'); dates without quotes."
	case has("could not find a property", "property named"):
		return "There is no property of that name here: read one item without $select to see the names, or try /beta."
	case has("resource not found for the segment", "segment"):
		return "A part of the path does not exist: check its spelling, or try /beta."
	case has("malformed", "invalid id", "id is malformed", "guid"):
		return "Use the id exactly as an earlier answer gave it."
	case has("body", "payload", "json", "property", "required", "missing"):
		return "Check the names and types of the body's properties against an item that you read."
	}
	return "Check the path, the query and the body; the message says what is wrong."
}

func queryOf(address string) string {
	_, query, _ := strings.Cut(address, "?")
	return query
}

func (r *run) notFound(f fault) string {
	switch text := strings.ToLower(f.code + f.inner + f.message); {
	case strings.Contains(text, "mailboxnotenabled") || strings.Contains(text, "mailbox is either inactive"):
		return "The account has no mailbox in Exchange Online: it needs a licence, or is one of another server."
	case strings.Contains(text, "segment"):
		return "A part of the path does not exist: check its spelling, or try /beta."
	case strings.Contains(text, "itemnotfound") || strings.Contains(text, "erroritemnotfound"):
		return "There is no such item any more, or not there: list its folder. Ids change when items move."
	}
	return "There is none of that id or name here: list the collection to find it, and use the id as it stands there."
}

// shellWord quotes a name for a shell where it needs it.
func shellWord(s string) string {
	if plainWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]+$`) })
