package graph_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

func TestAnAnswerIsWithoutNoiseAndSaysHowToGoOn(t *testing.T) {
	w := serve(t, nil)
	for _, c := range []struct{ name, sent, data, next, count string }{
		{"an entity", `{"@odata.context":"x","@odata.etag":"y","id":"1","manager@odata.navigationLink":"z","tags@odata.type":"q","tags":[]}`,
			`{"id":"1","tags":[]}`, "", "-1"},
		{"a list", `{"@odata.context":"x","@odata.count":7,"@odata.nextLink":"NEXT","value":[{"@odata.etag":"y","id":"1"},{"id":"2"}]}`,
			`{"value":[{"id":"1"},{"id":"2"}]}`, "NEXT", "7"},
		{"a list inside of an entity goes on", `{"id":"1","members@odata.nextLink":"NEXT","members":[]}`,
			`{"id":"1","members@odata.nextLink":"NEXT","members":[]}`, "", "-1"},
		{"a delta link is kept", `{"@odata.deltaLink":"NEXT","value":[]}`, `{"value":[]}`, "NEXT", "-1"},
		{"members behind the list", `{"value":[{"id":"1"}],"@odata.nextLink":"NEXT","other":1}`, `{"value":[{"id":"1"}],"other":1}`, "NEXT", "-1"},
		{"a value that is no list", `{"@odata.context":"x","value":"text"}`, `{"value":"text"}`, "", "-1"},
		{"a value that is an object", `{"value":{"@odata.type":"x","a":1.50,"b":"<&>"}}`, `{"value":{"a":1.50,"b":"<&>"}}`, "", "-1"},
		{"an array", `[{"@odata.etag":"x","a":1},2]`, `[{"a":1},2]`, "", "-1"},
		{"a number", `12345678901234567890`, `12345678901234567890`, "", "-1"},
		{"numbers as they are", `{"a":1.10,"b":1e400}`, `{"a":1.10,"b":1e400}`, "", "-1"},
		{"indented", "{\n  \"a\": 1\n}", `{"a":1}`, "", "-1"},
		{"useful annotations", `{"id":"1","@microsoft.graph.downloadUrl":"u"}`, `{"id":"1","@microsoft.graph.downloadUrl":"u"}`, "", "-1"},
	} {
		link := w.server.URL + "/v1.0/users?$skiptoken=a%2Bb+c"
		w.handle(func(rw http.ResponseWriter, _ *http.Request) {
			answer(rw, 200, strings.ReplaceAll(c.sent, "NEXT", link))
		})
		got := w.must(mm.GraphRequest{Endpoint: "/users"})
		want := strings.ReplaceAll(c.data, "NEXT", link)
		if got.Delta != strings.Contains(c.sent, "deltaLink") {
			t.Errorf("%s: delta %v", c.name, got.Delta)
		}
		if string(got.Data) != want || got.Next != strings.ReplaceAll(c.next, "NEXT", link) || fmt.Sprint(got.Count) != c.count {
			t.Errorf("%s:\n got %s, next %s, count %d\nwant %s", c.name, got.Data, got.Next, got.Count, want)
		}
		if got.Next != "" {
			if _, err := w.do(mm.GraphRequest{Page: got.Next}); err != nil {
				t.Errorf("%s: its next cannot be sent: %v", c.name, err)
			}
		}
	}
}

func TestPlannerKeepsItsEtags(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 200, `{"@odata.etag":"W/\"1\"","id":"1"}`) })
	if got := w.must(mm.GraphRequest{Endpoint: "/planner/tasks/1"}); !strings.Contains(string(got.Data), "etag") {
		t.Errorf("%s", got.Data)
	}
}

func TestAContinuationElsewhereIsNotFollowed(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, 200, `{"@odata.nextLink":"https://evil.example/v1.0/users","value":[{"id":"1"}]}`)
	})
	got := w.must(mm.GraphRequest{Endpoint: "/users", All: true})
	if got.Next != "" || len(got.Notes) == 0 || len(w.arrived()) != 1 || got.Truncated == nil {
		t.Errorf("%+v", got)
	}
}

func TestAnAnswerWithoutContentIsSaid(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "%d", &status)
		if status == 0 {
			status = 202
		}
		rw.WriteHeader(status)
	})
	for _, c := range []struct{ method, endpoint, data, note string }{
		{"DELETE", "/x/204", `{"message": "OK (no content)"}`, ""},
		{"GET", "/x/200", `{"message": "OK (no content)"}`, "empty body"},
		{"HEAD", "/x/200", `{"message": "OK (no content)"}`, ""},
		{"GET", "/x/304", `{"message": "Not modified"}`, ""},
		{"POST", "/me/sendMail", `{"message": "Accepted"}`, "must not be repeated"},
		{"POST", "/me/messages/1/replyAll", `{"message": "Accepted"}`, "must not be repeated"},
		{"POST", "/me/drive/items/1/copy", `{"message": "Accepted"}`, "Do not repeat"},
	} {
		got := w.must(mm.GraphRequest{Method: c.method, Endpoint: c.endpoint})
		if string(got.Data) != c.data || !strings.Contains(strings.Join(got.Notes, " "), c.note) {
			t.Errorf("%s %s: %s %v", c.method, c.endpoint, got.Data, got.Notes)
		}
	}
}

// list serves n items in pages of size.
func list(w **world, n, size int, item func(i int) string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		from := 0
		_, _ = fmt.Sscanf(r.URL.Query().Get("$skiptoken"), "%d", &from)
		var b strings.Builder
		for i := from; i < min(from+size, n); i++ {
			if i > from {
				b.WriteByte(',')
			}
			b.WriteString(item(i))
		}
		next := ""
		if from+size < n {
			next = fmt.Sprintf(`"@odata.nextLink":"%s/v1.0/users?$skiptoken=%d",`, (*w).server.URL, from+size)
		}
		answer(rw, 200, `{"@odata.context":"c",`+next+`"value":[`+b.String()+`]}`)
	}
}

func number(i int) string { return fmt.Sprintf(`{"n":%d}`, i) }

func TestAllFollowsAListToTheLastWholePageThatFits(t *testing.T) {
	for _, c := range []struct {
		name               string
		total, page        int
		maxItems, maxChars int
		items              int
		next               string // the token it goes on with
		truncated          bool
	}{
		{"all of it", 25, 10, 0, 0, 25, "", false},
		{"exactly as many as may be", 20, 10, 20, 0, 20, "", false},
		{"whole pages", 100, 10, 35, 0, 30, "30", true},
		{"one page", 100, 10, 10, 0, 10, "10", true},
		{"less than a page", 100, 10, 4, 0, 4, "10", true},
		{"as many characters as may be", 100, 10, 0, 200, 20, "20", true},
		{"one item", 1, 10, 0, 0, 1, "", false},
		{"nothing", 0, 10, 0, 0, 0, "", false},
	} {
		var w *world
		w = serve(t, list(&w, c.total, c.page, number))
		got := w.must(mm.GraphRequest{Endpoint: "/users", All: true, MaxItems: c.maxItems, MaxChars: c.maxChars})
		next := ""
		if _, token, ok := strings.Cut(got.Next, "$skiptoken="); ok {
			next = token
		}
		if got.Items != c.items || strings.Count(string(got.Data), `"n":`) != c.items || next != c.next || (got.Truncated != nil) != c.truncated {
			t.Errorf("%s: %d items, next %q, %+v, %v", c.name, got.Items, got.Next, got.Truncated, got.Notes)
		}
		if strings.Contains(string(got.Data), "odata") {
			t.Errorf("%s: %.100s", c.name, got.Data)
		}
	}
}

func TestAListThatGoesInACircleEnds(t *testing.T) {
	var w *world
	w = serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, 200, `{"@odata.nextLink":"`+w.server.URL+`/v1.0/users?$skiptoken=1","value":[]}`)
	})
	if got := w.must(mm.GraphRequest{Endpoint: "/users", All: true}); len(w.arrived()) != 2 || got.Truncated == nil {
		t.Errorf("%d requests, %+v", len(w.arrived()), got)
	}
}

func TestTheSameItemsAreReadPageByPage(t *testing.T) {
	var w *world
	w = serve(t, list(&w, 47, 10, number))
	var got []string
	for r := (mm.GraphRequest{Endpoint: "/users", MaxItems: 13, All: true}); ; {
		result := w.must(r)
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(string(result.Data), `{"value":[`), `]}`))
		if r.Page = result.Next; r.Page == "" {
			break
		}
	}
	var want []string
	for i := range 47 {
		want = append(want, number(i))
	}
	if diff := cmp.Diff(strings.Join(want, ","), strings.Join(got, ",")); diff != "" {
		t.Error(diff)
	}
}

func TestAFlowsContinuationIsOnTheServicesOwnHost(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, 200, `{"value":[{"name":"f"}],"nextLink":"https://emea.localhost:443/providers/x?api-version=1&$skiptoken=%41"}`)
	})
	w.connection.Sandbox.Flow = strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1)
	call, failed := w.client.Prepare(w.connection, mm.GraphRequest{Resource: "flow", Endpoint: "/providers/x"})
	if failed != nil {
		t.Fatal(failed)
	}
	call.URL = strings.Replace(call.URL, "localhost", "127.0.0.1", 1) // what the certificate is for
	got, err := w.client.Do(t.Context(), w.connection, call, w.source, nil)
	if err != nil || got.Next != w.connection.Sandbox.Flow+"/providers/x?api-version=1&$skiptoken=%41" || string(got.Data) != `{"value":[{"name":"f"}]}` {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARejectedTokenIsRenewedOnce(t *testing.T) {
	claims := base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`))
	for _, c := range []struct {
		name, header string
		status       int
		accepts      string
		asked        []string
		requests     int
		fails        bool
	}{
		{"expired", `Bearer error="invalid_token"`, 401, "secret-token-2", []string{theToken + " "}, 2, false},
		{"never accepted", `Bearer`, 401, "none", []string{theToken + " "}, 2, true},
		{"a claims challenge", `Bearer realm="", authorization_uri="https://x/authorize", error="insufficient_claims", claims="` + claims + `"`, 401,
			"secret-token-2", []string{theToken + ` {"access_token":{"acrs":{"essential":true,"value":"c1"}}}`}, 2, false},
		{"a claims challenge with 403", `Bearer error="insufficient_claims", claims=` + strings.TrimRight(claims, "="), 403,
			"secret-token-2", []string{theToken + ` {"access_token":{"acrs":{"essential":true,"value":"c1"}}}`}, 2, false},
		{"a broken challenge", `Bearer error="insufficient_claims", claims="%%%"`, 401, "secret-token-2", []string{theToken + " "}, 2, false},
	} {
		w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer "+c.accepts {
				answer(rw, 200, `{"id":"1"}`)
				return
			}
			rw.Header().Set("WWW-Authenticate", c.header)
			answer(rw, c.status, `{"error":{"code":"InvalidAuthenticationToken","message":"x"}}`)
		})
		for _, method := range []string{"GET", "POST"} { // a 401 was not executed
			w.tokens, w.seen = nil, nil
			_, err := w.do(mm.GraphRequest{Method: method, Endpoint: "/me"})
			if (err != nil) != c.fails || cmp.Diff(c.asked, w.tokens) != "" || len(w.arrived()) != c.requests {
				t.Errorf("%s: %v, asked %q, %d requests", c.name, err, w.tokens, len(w.arrived()))
			}
			if err != nil && (strings.Contains(err.Error(), "secret-token") || err.(*mm.Error).Executed != mm.ExecutedNo) {
				t.Errorf("%s: %+v", c.name, err)
			}
		}
	}
}

func TestAnErrorOfTheTokenSourceComesBackAsItIs(t *testing.T) {
	want := errors.New("a person has to sign in")
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(401) })
	call, _ := w.client.Prepare(w.connection, mm.GraphRequest{Endpoint: "/me"})
	for _, first := range []bool{true, false} {
		_, err := w.client.Do(t.Context(), w.connection, call, func(_ context.Context, rejected mm.Secret, _ string) (mm.Secret, error) {
			if first || rejected.Reveal() != "" {
				return mm.Secret{}, want
			}
			return mm.NewSecret("x"), nil
		}, nil)
		if !errors.Is(err, want) {
			t.Errorf("%v", err)
		}
	}
}

func TestAThrottledRequestWaitsAsItWasTold(t *testing.T) {
	now := time.Now().UTC()
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name, method, after string
		status, refusals    int
		waits               []time.Duration // without jitter
		fails               bool
	}{
		{"seconds", "GET", "7", 429, 1, []time.Duration{7 * time.Second}, false},
		{"a date by the service's clock", "GET", date(30 * time.Second), 429, 1, []time.Duration{30 * time.Second}, false},
		{"a date that is over", "GET", date(-time.Hour), 429, 1, []time.Duration{0}, false},
		{"nothing told", "GET", "", 429, 3, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, false},
		{"nonsense told", "GET", "soon", 503, 1, []time.Duration{time.Second}, false},
		{"a busy service", "GET", "1", 503, 2, []time.Duration{time.Second, time.Second}, false},
		{"for ever", "GET", "1", 429, 99, []time.Duration{time.Second, time.Second, time.Second, time.Second, time.Second}, true},
		{"longer than anybody waits", "GET", "3600", 429, 1, nil, true},
		{"longer than the request may take", "GET", "90", 429, 1, nil, true},
		{"PUT", "PUT", "1", 429, 1, []time.Duration{time.Second}, false},
		{"DELETE", "DELETE", "1", 503, 1, []time.Duration{time.Second}, false},
		{"POST", "POST", "1", 429, 1, nil, true},
		{"PATCH", "PATCH", "1", 429, 1, nil, true},
		{"a gateway that says when", "GET", "1", 504, 1, []time.Duration{time.Second}, false},
		{"a gateway that does not", "GET", "", 504, 1, nil, true},
		{"another fault", "GET", "1", 500, 1, nil, true},
	} {
		refusals := c.refusals
		w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			if refusals--; refusals < 0 {
				answer(rw, 200, `{}`)
				return
			}
			rw.Header().Set("Date", date(0))
			if c.after != "" {
				rw.Header().Set("Retry-After", c.after)
			}
			answer(rw, c.status, `{"error":{"code":"TooManyRequests","message":"x"}}`)
		})
		timeout := time.Minute
		if c.after == "30" || strings.Contains(c.name, "date") || strings.Contains(c.name, "for ever") {
			timeout = 5 * time.Minute
		}
		_, err := w.do(mm.GraphRequest{Method: c.method, Endpoint: "/me", Timeout: timeout})
		var want []time.Duration
		for _, d := range c.waits {
			want = append(want, d+d/10) // half of the jitter
		}
		if (err != nil) != c.fails || cmp.Diff(want, w.waited()) != "" {
			t.Errorf("%s: %v, waited %v, not %v", c.name, err, w.waited(), want)
		}
		if failed, ok := err.(*mm.Error); ok && c.after == "3600" && failed.RetryAfter != time.Hour {
			t.Errorf("%s: %+v", c.name, failed)
		}
	}
}

func TestARedirectIsFollowedWithoutTheToken(t *testing.T) {
	other := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(rw, r, "/file?tempauth=x", http.StatusFound)
			return
		}
		rw.Header().Set("Content-Type", "application/pdf")
		_, _ = rw.Write([]byte("%PDF"))
	})
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, other.server.URL+"/again", http.StatusFound)
	})
	got := w.must(mm.GraphRequest{Endpoint: "/me/drive/root:/a.pdf:/content"})
	if got.FileSize != 4 || got.File != "/shown/a.pdf" {
		t.Errorf("%+v", got)
	}
	if seen := other.arrived(); len(seen) != 2 || slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, "Bearer") }) {
		t.Errorf("%q", seen)
	}
	if _, err := w.do(mm.GraphRequest{Method: "POST", Endpoint: "/me/x"}); err == nil || len(other.arrived()) != 2 {
		t.Errorf("a POST was redirected: %v", err)
	}
}

func TestACancelledRequestEndsAtOnce(t *testing.T) {
	reached := make(chan struct{})
	w := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
	})
	call, _ := w.client.Prepare(w.connection, mm.GraphRequest{Method: "POST", Endpoint: "/me/sendMail", Body: raw(`{}`)})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, err := w.client.Do(ctx, w.connection, call, w.source, nil)
	failed, ok := err.(*mm.Error)
	if !ok || failed.Code != mm.Cancelled || failed.Executed != mm.ExecutedMaybe {
		t.Errorf("%+v", err)
	}
}
