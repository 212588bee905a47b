package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Metrics is the answer to GET /metrics. Active sessions are those that are signed in.
type Metrics struct {
	UptimeSeconds  float64   `json:"uptime_seconds"`
	UptimeHuman    string    `json:"uptime_human"` // 1h 2m 3s
	TotalRequests  int64     `json:"total_requests"`
	TotalErrors    int64     `json:"total_errors"`
	ErrorRate      float64   `json:"error_rate"` // percent of the requests
	TotalAuths     int64     `json:"total_auths"`
	AvgResponseMS  float64   `json:"avg_response_ms"`    // of the last answers
	LastResponses  int       `json:"last_100_responses"` // how many those were
	Sessions       []Session `json:"sessions"`
	ActiveSessions int       `json:"active_sessions"`
	Keepalive      Keepalive `json:"keepalive"`
}

// Keepalive tells of the pings that keep sessions signed in.
type Keepalive struct {
	IntervalSeconds float64           `json:"interval_seconds"` // 0: none are sent
	TotalPings      int64             `json:"total_pings"`
	Failures        int64             `json:"failures"`
	LastPings       map[string]string `json:"last_pings"` // by session_id
}

// EncodeMetrics returns the answer to GET /metrics.
func EncodeMetrics(m mm.Metrics) []byte {
	a := Metrics{
		UptimeSeconds: rounded(m.Uptime.Seconds()),
		UptimeHuman:   human(m.Uptime),
		TotalRequests: m.Requests,
		TotalErrors:   m.Errors,
		TotalAuths:    m.SignIns,
		AvgResponseMS: rounded(float64(m.AverageResponse) / float64(time.Millisecond)),
		LastResponses: m.Responses,
		Sessions:      encodeSessions(m.Sessions),
		Keepalive: Keepalive{
			IntervalSeconds: m.Keepalive.Interval.Seconds(),
			TotalPings:      m.Keepalive.Pings,
			Failures:        m.Keepalive.Failures,
			LastPings:       map[string]string{},
		},
	}
	if m.Requests > 0 {
		a.ErrorRate = rounded(100 * float64(m.Errors) / float64(m.Requests))
	}
	for _, s := range m.Sessions {
		if s.State == mm.StateAuthenticated {
			a.ActiveSessions++
		}
	}
	for id, t := range m.Keepalive.LastPings {
		a.Keepalive.LastPings[id.String()] = formatTime(t)
	}
	return mustEncode(a)
}

// DecodeMetrics reads the answer to GET /metrics. A time that cannot be read is left out.
func DecodeMetrics(body []byte) (mm.Metrics, error) {
	var a Metrics
	if err := json.Unmarshal(body, &a); err != nil {
		return mm.Metrics{}, err
	}
	m := mm.Metrics{
		Uptime:          duration(a.UptimeSeconds, time.Second),
		Requests:        a.TotalRequests,
		Errors:          a.TotalErrors,
		SignIns:         a.TotalAuths,
		AverageResponse: duration(a.AvgResponseMS, time.Millisecond),
		Responses:       a.LastResponses,
		Sessions:        decodeSessions(a.Sessions),
		Keepalive: mm.Keepalive{
			Interval: duration(a.Keepalive.IntervalSeconds, time.Second),
			Pings:    a.Keepalive.TotalPings,
			Failures: a.Keepalive.Failures,
		},
	}
	for id, text := range a.Keepalive.LastPings {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			if m.Keepalive.LastPings == nil {
				m.Keepalive.LastPings = map[mm.SessionID]time.Time{}
			}
			m.Keepalive.LastPings[parseSessionID(id)] = t
		}
	}
	return m, nil
}

// rounded is f with three digits after the point.
func rounded(f float64) float64 { return math.Round(f*1000) / 1000 }

func duration(f float64, unit time.Duration) time.Duration {
	return time.Duration(math.Round(f * float64(unit)))
}

// human is a duration as older clients show it: 1h 2m 3s.
func human(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%dh %dm %ds", s/3600, s/60%60, s%60)
}
