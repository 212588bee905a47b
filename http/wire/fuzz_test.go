package wire

import (
	"bufio"
	"bytes"
	"testing"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// requests is the seed corpus: bodies that are near the edge of what is read.
var requests = []string{
	``, ` `, `{}`, `null`, `[]`, `"x"`, `{"connection":"C","module":"exo","command":"x"}`, "\ufeff{}", "{\"command\":\"\xff\"}",
	`{"connection":"C","module":"EXO","command":"\ud800","timeout_seconds":86400,"width":20,"format":"both","request_id":"r"}`,
	`{"connection":"C","module":"exo","command":"x","max_chars":1e9}`, `{"request_id":"r"}`, `{"connection":"C","connection":1}`,
	`{"if_idle":true,"drain_seconds":0,"why":"w"}`, `{"drain_seconds":9223372036854775807}`, `{"command":{"command":[`,
}

// wellRefused fails unless err is one that a person can act on.
func wellRefused(t *testing.T, err *mm.Error) {
	if err.Code != mm.BadRequest && err.Code != mm.UnknownModule || err.Message == "" || err.Executed != mm.ExecutedNo ||
		!utf8.Valid(EncodeError(err)) {
		t.Errorf("%#v", err)
	}
}

// FuzzDecodeRun holds that what is accepted keeps the bounds and means the same when it is sent once more.
func FuzzDecodeRun(f *testing.F) {
	for _, body := range requests {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := DecodeRun(body, "")
		if err != nil {
			wellRefused(t, err)
			return
		}
		if _, known := mm.ParseModule(string(c.Session.Module)); !known || c.Session.Connection == "" || c.Text == "" ||
			!utf8.ValidString(c.Text) || c.Timeout < 0 || c.Timeout > mm.MaxTimeout || len(c.RequestID) > mm.MaxRequestID {
			t.Errorf("%+v", c)
		}
		if again, err := DecodeRun(EncodeRun(c), ""); err != nil || again != c {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}

// FuzzDecodeControl holds the same for the other requests.
func FuzzDecodeControl(f *testing.F) {
	for _, body := range requests {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if connection, module, err := DecodeReset(body, ""); err != nil {
			wellRefused(t, err)
		} else if c, m, err := DecodeReset(EncodeReset(connection, module), ""); err != nil || c != connection || m != module {
			t.Errorf("%s %s became %s %s, %v", connection, module, c, m, err)
		}
		if id, err := DecodeCancel(body); err != nil {
			wellRefused(t, err)
		} else if again, err := DecodeCancel(EncodeCancel(id)); err != nil || again != id {
			t.Errorf("%s became %s, %v", id, again, err)
		}
		if r, err := DecodeStop(body); err != nil {
			wellRefused(t, err)
		} else if again, err := DecodeStop(EncodeStop(r)); err != nil || again != r {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

// FuzzDecodeAnswers holds that no server can bring a client down: what is no answer is an error.
func FuzzDecodeAnswers(f *testing.F) {
	for _, body := range [][]byte{
		EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess}, now), EncodeStatus(mm.PoolStatus{}), EncodeMetrics(mm.Metrics{}),
		EncodeAbout(mm.About{}), EncodeConnections(nil, nil), EncodeStopAnswer(), EncodeHealth(now, "1"), EncodeResetAnswer(nil),
		[]byte("event: result\ndata: {}\n\n"), []byte(`{"status":"auth_required","expires_in":-9e99}`), nil,
		[]byte(`{"uptime_seconds":1e308,"keepalive":{"last_pings":{"":""}}}`),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if o, err := DecodeOutcome(body, now); err == nil && o.Status == mm.StatusError && o.Err == nil {
			t.Error("an error without an error")
		}
		_, _ = DecodeStatus(body)
		_, _ = DecodeMetrics(body)
		_, _ = DecodeAbout(body)
		_, _, _ = DecodeConnections(body)
		_, _ = DecodeStopAnswer(body)
		_, _ = DecodeHealth(body)
		_, _ = DecodeResetAnswer(body)
		_, _ = DecodeCancelAnswer(body)
		_, _ = DecodeError(body)
		r := bufio.NewReader(bytes.NewReader(body))
		for {
			name, _, err := ReadEvent(r)
			if err != nil {
				break
			}
			if name == "" {
				t.Error("an event without a name")
			}
		}
	})
}
