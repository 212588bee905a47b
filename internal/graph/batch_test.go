package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

// answers a $batch with what part makes of each of its requests; empty: no answer.
func batchServer(part func(round int, id, method string) string) (http.HandlerFunc, *[]string) {
	var rounds []string
	return func(rw http.ResponseWriter, r *http.Request) {
		var b struct {
			Requests []struct {
				ID, Method string
				DependsOn  []string
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&b)
		var ids, out []string
		for i := len(b.Requests) - 1; i >= 0; i-- { // the service's order is its own
			q := b.Requests[i]
			ids = append(ids, q.ID+strings.Join(q.DependsOn, "<"))
			if a := part(len(rounds), q.ID, q.Method); a != "" {
				out = append(out, a)
			}
		}
		rounds = append(rounds, strings.Join(ids, " "))
		answer(rw, 200, `{"@odata.context":"x","responses":[`+strings.Join(out, ",")+`]}`)
	}, &rounds
}

func ok(id string) string {
	return fmt.Sprintf(`{"id":%q,"status":200,"headers":{"Cache-Control":"x"},"body":{"@odata.context":"c","value":[{"@odata.etag":"e","id":%q}],"@odata.nextLink":"n"}}`, id, id)
}

func busy(id string, after int) string {
	return fmt.Sprintf(`{"id":%q,"status":429,"headers":{"Retry-After":"%d"},"body":{"error":{"code":"TooManyRequests","message":"for bob@fabrikam.com"}}}`, id, after)
}

func TestThrottledPartsOfABatchAreSentAgainAndAnswersAreInOrder(t *testing.T) {
	h, rounds := batchServer(func(round int, id, method string) string {
		switch {
		case id == "b" && round < 2, id == "c" && round < 1, method == "POST":
			return busy(id, 3+round)
		}
		return ok(id)
	})
	w := serve(t, h)
	got := w.must(mm.GraphRequest{Method: "POST", Endpoint: "/$batch", Body: raw(`{"requests":[
		{"id":"a","url":"/me"},{"id":"b","url":"/users","dependsOn":["a"]},{"id":"c","method":"DELETE","url":"/users/1"},{"id":"d","method":"POST","url":"/me/sendMail","body":{"a":1}}]}`)})
	if diff := cmp.Diff([]string{"d c ba a", "c b", "b"}, *rounds); diff != "" {
		t.Error(diff)
	}
	part := func(id string) string {
		return `{"id":"` + id + `","status":200,"body":{"value":[{"id":"` + id + `"}],"@odata.nextLink":"n"}}`
	}
	want := `{"responses":[` + part("a") + "," + part("b") + "," + part("c") +
		`,{"id":"d","status":429,"body":{"error":{"code":"TooManyRequests","message":"for [address]"}}}]}`
	if diff := cmp.Diff(want, string(got.Data)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]time.Duration{3300 * time.Millisecond, 4400 * time.Millisecond}, w.waited()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(strings.Join(got.Notes, " "), "1 of 4 requests of the batch failed") {
		t.Errorf("%q", got.Notes)
	}
}

func TestABatchThatStaysThrottledComesBackAsItIs(t *testing.T) {
	h, rounds := batchServer(func(_ int, id, _ string) string { return busy(id, 1) })
	w := serve(t, h)
	got := w.must(mm.GraphRequest{Method: "POST", Endpoint: "/$batch", Body: raw(`{"requests":[{"id":"a","url":"/me"}]}`)})
	if len(*rounds) != 6 || !strings.Contains(string(got.Data), `"status":429`) {
		t.Errorf("%d rounds, %s", len(*rounds), got.Data)
	}
}

func TestAPartWithoutAnAnswerIsSaid(t *testing.T) {
	h, _ := batchServer(func(_ int, id, _ string) string {
		if id == "a" {
			return ""
		}
		return `{"id":"b","status":202}`
	})
	w := serve(t, h)
	got := w.must(mm.GraphRequest{Method: "POST", Endpoint: "/$batch", Body: raw(`{"requests":[{"id":"a","url":"/me"},{"id":"b","method":"POST","url":"/me/sendMail"}]}`)})
	notes := strings.Join(got.Notes, " ")
	if string(got.Data) != `{"responses":[{"id":"b","status":202}]}` || !strings.Contains(notes, "have no answer") || !strings.Contains(notes, "b of the batch was accepted") {
		t.Errorf("%s %q", got.Data, notes)
	}
}

func TestWhatWaitedForAThrottledPartIsSentWithItAndWhatWaitedForAFailedOneIsNot(t *testing.T) {
	failed := func(id string, status int) string { return fmt.Sprintf(`{"id":%q,"status":%d}`, id, status) }
	h, rounds := batchServer(func(round int, id, _ string) string {
		switch {
		case id == "gone":
			return failed(id, 404)
		case id == "after-gone":
			return busy(id, 1)
		case round == 0 && id == "first":
			return busy(id, 1)
		case round == 0 && id == "second":
			return failed(id, 424)
		}
		return ok(id)
	})
	w := serve(t, h)
	w.must(mm.GraphRequest{Method: "POST", Endpoint: "/$batch", Body: raw(`{"requests":[
		{"id":"zero","url":"/me"},{"id":"first","url":"/users","dependsOn":["zero"]},
		{"id":"second","method":"POST","url":"/me/sendMail","body":{"a":1},"dependsOn":["first"]},
		{"id":"gone","url":"/nobody"},{"id":"after-gone","url":"/me","dependsOn":["gone"]}]}`)})
	if diff := cmp.Diff([]string{"after-gonegone gone secondfirst firstzero zero", "secondfirst first"}, *rounds); diff != "" {
		t.Error(diff)
	}
}
