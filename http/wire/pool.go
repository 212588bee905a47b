package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Health is the answer to GET /health.
type Health struct {
	Status    string `json:"status"` // healthy
	Timestamp string `json:"timestamp"`
	Version   string `json:"version,omitempty"`
}

// EncodeHealth returns the answer to GET /health.
func EncodeHealth(now time.Time, version string) []byte {
	return mustEncode(Health{"healthy", formatTime(now), version})
}

// DecodeHealth reads the answer to GET /health and returns the server's version; an older pool has none.
func DecodeHealth(body []byte) (version string, err error) {
	var h Health
	err = json.Unmarshal(body, &h)
	if err == nil && h.Status != "healthy" {
		err = fmt.Errorf("status %.40q is not healthy", h.Status)
	}
	return h.Version, err
}

// Status is the answer to GET /status.
type Status struct {
	Sessions []Session `json:"sessions"`
	Accounts []Account `json:"accounts,omitempty"`
	Notes    []string  `json:"notes,omitempty"`
}

// A Session is one session of Status.
type Session struct {
	SessionID       string   `json:"session_id"`
	State           mm.State `json:"state"`
	Authenticated   bool     `json:"authenticated"`
	LastCommand     *string  `json:"last_command"` // null: none yet
	AuthenticatedAs string   `json:"authenticated_as,omitempty"`
	Busy            bool     `json:"busy,omitempty"`
	Queued          int      `json:"queued,omitempty"`
	LastError       string   `json:"last_error,omitempty"`
	PID             int      `json:"pid,omitempty"`
}

// EncodeStatus returns the answer to GET /status.
func EncodeStatus(p mm.PoolStatus) []byte {
	return mustEncode(Status{Sessions: encodeSessions(p.Sessions), Accounts: encodeAccounts(p.Accounts), Notes: p.Notes})
}

func encodeSessions(sessions []mm.SessionStatus) []Session {
	all := make([]Session, 0, len(sessions))
	for _, x := range sessions {
		w := Session{
			SessionID:       x.ID.String(),
			State:           x.State,
			Authenticated:   x.State == mm.StateAuthenticated,
			AuthenticatedAs: x.AuthenticatedAs,
			Busy:            x.Busy,
			Queued:          x.Queued,
			LastError:       x.LastError,
			PID:             x.PID,
		}
		if !x.LastCommand.IsZero() {
			t := formatTime(x.LastCommand)
			w.LastCommand = &t
		}
		all = append(all, w)
	}
	return all
}

// DecodeStatus reads the answer to GET /status. A time that cannot be read counts as none.
func DecodeStatus(body []byte) (mm.PoolStatus, error) {
	var s Status
	if err := json.Unmarshal(body, &s); err != nil {
		return mm.PoolStatus{}, err
	}
	return mm.PoolStatus{Sessions: decodeSessions(s.Sessions), Accounts: decodeAccounts(s.Accounts), Notes: s.Notes}, nil
}

func decodeSessions(sessions []Session) []mm.SessionStatus {
	var all []mm.SessionStatus
	for _, w := range sessions {
		x := mm.SessionStatus{
			ID:              parseSessionID(w.SessionID),
			State:           w.State,
			AuthenticatedAs: w.AuthenticatedAs,
			Busy:            w.Busy,
			Queued:          w.Queued,
			LastError:       w.LastError,
			PID:             w.PID,
		}
		if w.LastCommand != nil {
			if t, err := time.Parse(time.RFC3339, *w.LastCommand); err == nil {
				x.LastCommand = t
			}
		}
		all = append(all, x)
	}
	return all
}

// Connections is the answer to GET /connections: the known fields of each connection, by name, and what is wrong with the
// registry where they are from its last good version.
type Connections struct {
	Connections map[string]mm.Connection `json:"connections"`
	Failure
}

// EncodeConnections returns the answer to GET /connections. problem may be nil.
func EncodeConnections(list []mm.Connection, problem *mm.Error) []byte {
	byName := make(map[string]mm.Connection, len(list))
	for _, c := range list {
		byName[c.Name] = c
	}
	c := Connections{Connections: byName}
	if problem != nil {
		c.Failure = failure(problem)
	}
	return mustEncode(c)
}

// DecodeConnections reads the answer to GET /connections, sorted by name, and what is wrong with the registry. The error
// says that body is no such answer.
func DecodeConnections(body []byte) (list []mm.Connection, problem *mm.Error, err error) {
	var c Connections
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, nil, err
	}
	list = make([]mm.Connection, 0, len(c.Connections))
	for _, name := range slices.Sorted(maps.Keys(c.Connections)) {
		one := c.Connections[name]
		one.Name = name
		list = append(list, one)
	}
	if c.Failure != (Failure{}) {
		problem = c.Failure.err()
	}
	return list, problem, nil
}
