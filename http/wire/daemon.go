package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	mm "github.com/microsoft-master/mm"
)

// About is the answer to GET /version.
type About struct {
	Version    string `json:"version"`
	PID        int    `json:"pid"`
	Started    string `json:"started"`
	Background bool   `json:"background"`
	Log        string `json:"log,omitempty"`
}

// EncodeAbout returns the answer to GET /version.
func EncodeAbout(a mm.About) []byte {
	return mustEncode(About{a.Version, a.PID, formatTime(a.Started), a.Background, a.Log})
}

// DecodeAbout reads the answer to GET /version.
func DecodeAbout(body []byte) (mm.About, error) {
	var a About
	if err := json.Unmarshal(body, &a); err != nil {
		return mm.About{}, err
	}
	started, err := time.Parse(time.RFC3339, a.Started)
	return mm.About{Version: a.Version, PID: a.PID, Started: started, Background: a.Background, Log: a.Log}, err
}

// A StopRequest is the body of POST /stop. No drain means the daemon's default, 0 none.
type StopRequest struct {
	IfIdle       bool   `json:"if_idle,omitempty"`
	DrainSeconds *int   `json:"drain_seconds,omitempty"`
	Why          string `json:"why,omitempty"`
}

// The bounds of a request to stop.
const (
	maxDrain = 86_400 // seconds
	maxWhy   = 256    // bytes
)

// EncodeStop returns the body of POST /stop. A fraction of a second of the drain is rounded up.
func EncodeStop(r mm.StopRequest) []byte {
	s := StopRequest{IfIdle: r.IfIdle, Why: r.Why}
	if r.Drain != 0 {
		n := max(0, int(math.Ceil(r.Drain.Seconds())))
		s.DrainSeconds = &n
	}
	return mustEncode(s)
}

// DecodeStop reads the body of POST /stop. The error has code bad_request.
func DecodeStop(body []byte) (mm.StopRequest, *mm.Error) {
	var s StopRequest
	if err := decode(body, &s); err != nil {
		return mm.StopRequest{}, err
	}
	if err := checkLength("why", s.Why, maxWhy); err != nil {
		return mm.StopRequest{}, err
	}
	r := mm.StopRequest{IfIdle: s.IfIdle, Why: s.Why}
	switch n := s.DrainSeconds; {
	case n == nil:
	case *n < 0 || *n > maxDrain:
		return mm.StopRequest{}, badField("drain_seconds", fmt.Sprint(*n))
	case *n == 0:
		r.Drain = -1
	default:
		r.Drain = time.Duration(*n) * time.Second
	}
	return r, nil
}

type stopAnswer struct {
	Status   mm.Status `json:"status"`
	Stopping bool      `json:"stopping"`
}

// EncodeStopAnswer returns the answer to POST /stop of a daemon that has begun to end.
func EncodeStopAnswer() []byte { return mustEncode(stopAnswer{mm.StatusSuccess, true}) }

// DecodeStopAnswer reads the answer to POST /stop. The error says that it is none.
func DecodeStopAnswer(body []byte) (stopping bool, err error) {
	var a stopAnswer
	err = json.Unmarshal(body, &a)
	if err == nil && !a.Stopping {
		err = fmt.Errorf("the answer does not say that it stops")
	}
	return a.Stopping, err
}
