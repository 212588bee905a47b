package http_test

import (
	"errors"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestMetricsAreOnBothDoors(t *testing.T) {
	p := anyPool()
	p.metrics = mm.Metrics{Uptime: 61 * time.Second, Requests: 4, Errors: 1}
	s := serve(t, p)
	for _, get := range []func(testing.TB, request) (*nethttp.Response, string){s.do, s.doUnix} {
		resp, body := get(t, request{method: "GET", path: "/metrics"})
		if resp.StatusCode != 200 || !strings.HasPrefix(body, `{"uptime_seconds":61,"uptime_human":"0h 1m 1s","total_requests":4,"total_errors":1,"error_rate":25,`) {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
}

func TestTheDaemonIsDescribedAndStoppedOverTheSocketOnly(t *testing.T) {
	p := anyPool()
	p.about = mm.About{Version: "1.2.3", PID: 7, Background: true}
	stops := make(chan mm.StopRequest, 1)
	p.stop = func(r mm.StopRequest) error { stops <- r; return nil }
	s := serve(t, p)
	version := request{method: "GET", path: "/version"}
	stop := request{method: "POST", path: "/stop", body: `{"if_idle":true,"drain_seconds":5,"why":"a test"}`}

	if resp, body := s.doUnix(t, version); resp.StatusCode != 200 || !strings.HasPrefix(body, `{"version":"1.2.3","pid":7,"started":"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := s.doUnix(t, stop); resp.StatusCode != 200 || body != `{"status":"success","stopping":true}` {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if r := <-stops; r != (mm.StopRequest{IfIdle: true, Drain: 5 * time.Second, Why: "a test"}) {
		t.Errorf("%+v", r)
	}
	for _, r := range []request{version, stop, {method: "HEAD", path: "/stop"}, {method: "POST", path: "/version"}} {
		resp, body := s.do(t, r)
		if resp.StatusCode != 403 {
			t.Errorf("%s %s: %d %s", r.method, r.path, resp.StatusCode, body)
		}
		if r.method != "HEAD" {
			refused(t, body, mm.NotEnabled)
			if !strings.Contains(body, r.path+" is answered over mm's unix socket only.") {
				t.Error(body)
			}
		}
	}
	stop.header = map[string]string{"Authorization": ""}
	if resp, _ := s.do(t, stop); resp.StatusCode != 401 {
		t.Errorf("without the token: %d", resp.StatusCode)
	}
	if len(stops) > 0 {
		t.Error("it was stopped over TCP")
	}
}

func TestADaemonThatIsNotStoppedSaysWhy(t *testing.T) {
	p := anyPool()
	s := serve(t, p)
	stop := request{method: "POST", path: "/stop"}
	for err, want := range map[error]string{
		mm.Errorf(mm.Busy, "Wait.", "Two sessions are signed in."): `{"status":"error","error":"Two sessions are signed in. Wait.","code":"busy","remedy":"Wait.","executed":"no"}`,
		errors.New("unexpected"):                                   `{"status":"error","error":"mm failed: unexpected. Look into mm's log.","code":"internal","remedy":"Look into mm's log.","executed":"maybe"}`,
	} {
		p.stop = func(mm.StopRequest) error { return err }
		if resp, body := s.doUnix(t, stop); resp.StatusCode != 200 || body != want {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	for body, want := range map[string]int{"{": 400, `{"drain_seconds":"1"}`: 400, "[]": 400} {
		stop.body = body
		if resp, answer := s.doUnix(t, stop); resp.StatusCode != want {
			t.Errorf("%s: %d %s", body, resp.StatusCode, answer)
		}
	}
}
