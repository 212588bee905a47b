package wire

import (
	"encoding/json"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 123_456_789, time.FixedZone("CET", 3600))

func ptr[T any](v T) *T { return &v }

// The first shape of each group is the one that older clients know, byte for byte.
func TestAnswersHaveTheShapesOfThePoolAPI(t *testing.T) {
	exo := mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"health": {EncodeHealth(now, ""), `{"status":"healthy","timestamp":"2026-11-22T09:00:00.123Z"}`},
		"health with version": {EncodeHealth(now, "1.2.3"),
			`{"status":"healthy","timestamp":"2026-11-22T09:00:00.123Z","version":"1.2.3"}`},

		"success": {EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess, AuthenticatedAs: "admin@contoso.com",
			Result: mm.Result{Output: "a <b> & ä\n"}}, now),
			`{"status":"success","output":"a <b> & ä\n","authenticated_as":"admin@contoso.com"}`},
		"success without output": {EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess}, now), `{"status":"success","output":""}`},
		"success with all that was added": {EncodeOutcome(mm.Outcome{
			Status: mm.StatusSuccess, RequestID: "r1", Session: exo, Notes: []string{"n"},
			Result: mm.Result{
				Output: "x", Objects: json.RawMessage(`[{"A":1}]`), HadErrors: true, ExitCode: ptr(0), LastExit: ptr(3),
				Errors: []mm.ErrorRecord{{Message: "m", Type: "System.Exception", FullyQualifiedErrorID: "id",
					Category: "ObjectNotFound", Target: "t", Line: 1, Column: 2}},
				Streams:   mm.Streams{Warning: []string{"w"}, Console: []string{"c"}},
				Truncated: &mm.Truncated{KeptItems: 5, DroppedItems: 7, KeptChars: 9},
				Duration:  1500*time.Microsecond + 7*time.Nanosecond,
			},
		}, now), `{"status":"success","output":"x","request_id":"r1","session_id":"Contoso-GA/exo","objects":[{"A":1}],` +
			`"errors":[{"message":"m","type":"System.Exception","fully_qualified_error_id":"id","category":"ObjectNotFound",` +
			`"target":"t","line":1,"column":2,"terminating":false}],"streams":{"warning":["w"],"console":["c"]},` +
			`"had_errors":true,"exit_code":0,"last_exit_code":3,"truncated":{"kept":5,"dropped":7,"kept_items":5,` +
			`"dropped_items":7,"kept_chars":9,"dropped_chars":0,"dropped_records":0},"duration_ms":1.5,"notes":["n"]}`},
		"characters were dropped": {EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess,
			Result: mm.Result{Truncated: &mm.Truncated{KeptItems: 5, KeptChars: 100, DroppedChars: 4}}}, now),
			`{"status":"success","output":"","truncated":{"kept":100,"dropped":4,"kept_items":5,"dropped_items":0,` +
				`"kept_chars":100,"dropped_chars":4,"dropped_records":0}}`},

		"auth_required": {EncodeOutcome(mm.Outcome{Status: mm.StatusAuthRequired, Challenge: &mm.Challenge{
			UserCode: "ABCD1234", URL: mm.DeviceLoginURL, Message: "To sign in …", ExpiresAt: now.Add(mm.ChallengeLifetime)}}, now),
			`{"status":"auth_required","device_code":"ABCD1234","auth_url":"https://microsoft.com/devicelogin",` +
				`"message":"To sign in …","expires_in":900,"expires_at":"2026-11-22T09:15:00.123Z"}`},
		"auth_required at the last moment": {EncodeOutcome(mm.Outcome{Status: mm.StatusAuthRequired, Challenge: &mm.Challenge{
			UserCode: "A", URL: "u", Message: "m", Account: "a@b.c", ExpiresAt: now.Add(-time.Second)}}, now),
			`{"status":"auth_required","device_code":"A","auth_url":"u","message":"m","expires_in":0,` +
				`"expires_at":"2026-11-22T08:59:59.123Z","account":"a@b.c"}`},

		"error": {EncodeOutcome(mm.Failed("", mm.SessionID{}, &mm.Error{Message: "No."}), now), `{"status":"error","error":"No."}`},
		"error with all that was added": {EncodeOutcome(mm.Outcome{Status: mm.StatusError, RequestID: "r", Session: exo,
			Err: &mm.Error{Code: mm.Busy, Message: "Busy.", Remedy: "Wait.", Executed: mm.ExecutedNo,
				RetryAfter: 1200 * time.Millisecond},
			Result: mm.Result{Output: "up to then", Terminated: mm.Threw}}, now),
			`{"status":"error","error":"Busy. Wait.","code":"busy","remedy":"Wait.","retry_after_seconds":2,"executed":"no",` +
				`"output":"up to then","request_id":"r","session_id":"Contoso-GA/exo","terminated":"threw"}`},
		"the warning of a wrong account comes first": {EncodeOutcome(mm.Failed("", exo, &mm.Error{Code: mm.WrongAccount,
			Message: "WARNING: Authenticated with wrong account. Re-authentication required."}), now),
			`{"status":"error","error":"WARNING: Authenticated with wrong account. Re-authentication required.",` +
				`"code":"wrong_account","session_id":"Contoso-GA/exo"}`},
		"objects that are no JSON": {EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess, RequestID: "r",
			Result: mm.Result{Output: "x", Objects: json.RawMessage(`[`)}}, now),
			`{"status":"error","error":"The objects of this answer are not valid JSON (json: error calling MarshalJSON for type ` +
				`json.RawMessage: unexpected end of JSON input). Ask for format text, and report this as a defect of mm.",` +
				`"code":"internal","remedy":"Ask for format text, and report this as a defect of mm.","executed":"yes",` +
				`"output":"x","request_id":"r"}`},

		"status": {EncodeStatus(mm.PoolStatus{Sessions: []mm.SessionStatus{
			{ID: exo, State: mm.StateAuthenticated, LastCommand: now},
			{ID: mm.SessionID{Connection: "F", Module: mm.Azure}, State: mm.StateReady}}}),
			`{"sessions":[{"session_id":"Contoso-GA/exo","state":"authenticated","authenticated":true,` +
				`"last_command":"2026-11-22T09:00:00.123Z"},{"session_id":"F/azure","state":"ready","authenticated":false,"last_command":null}]}`},
		"status without sessions": {EncodeStatus(mm.PoolStatus{Notes: []string{"n"}}), `{"sessions":[],"notes":["n"]}`},
		"status with all that was added": {EncodeStatus(mm.PoolStatus{Sessions: []mm.SessionStatus{{ID: exo, State: mm.StateError,
			AuthenticatedAs: "a@b.c", Busy: true, Queued: 2, LastError: "e", PID: 7}}}),
			`{"sessions":[{"session_id":"Contoso-GA/exo","state":"error","authenticated":false,"last_command":null,` +
				`"authenticated_as":"a@b.c","busy":true,"queued":2,"last_error":"e","pid":7}]}`},

		"connections": {EncodeConnections([]mm.Connection{{Name: "B", AppID: "app", SharePointHost: "b"}, {Name: "A"}}, nil),
			`{"connections":{"A":{},"B":{"appId":"app","sharepoint_host":"b"}}}`},
		"connections of a broken registry": {EncodeConnections([]mm.Connection{{Name: "A"}}, mm.Errorf(mm.RegistryBroken, "Mend it.", "Line 3.")),
			`{"connections":{"A":{}},"error":"Line 3. Mend it.","code":"registry_broken","remedy":"Mend it.","executed":"no"}`},
		"no connections": {EncodeConnections(nil, nil), `{"connections":{}}`},

		"metrics": {EncodeMetrics(mm.Metrics{
			Uptime: time.Hour + 2*time.Minute + 3*time.Second + 456*time.Millisecond, Requests: 3, Errors: 1, SignIns: 2,
			AverageResponse: 12_345_678, Responses: 3,
			Sessions:  []mm.SessionStatus{{ID: exo, State: mm.StateAuthenticated}, {ID: exo, State: mm.StateReady}},
			Keepalive: mm.Keepalive{Interval: 5 * time.Minute, Pings: 4, Failures: 1, LastPings: map[mm.SessionID]time.Time{exo: now}},
		}), `{"uptime_seconds":3723.456,"uptime_human":"1h 2m 3s","total_requests":3,"total_errors":1,"error_rate":33.333,` +
			`"total_auths":2,"avg_response_ms":12.346,"last_100_responses":3,"sessions":[` +
			`{"session_id":"Contoso-GA/exo","state":"authenticated","authenticated":true,"last_command":null},` +
			`{"session_id":"Contoso-GA/exo","state":"ready","authenticated":false,"last_command":null}],"active_sessions":1,` +
			`"keepalive":{"interval_seconds":300,"total_pings":4,"failures":1,` +
			`"last_pings":{"Contoso-GA/exo":"2026-11-22T09:00:00.123Z"}}}`},
		"metrics of a new daemon": {EncodeMetrics(mm.Metrics{}), `{"uptime_seconds":0,"uptime_human":"0h 0m 0s","total_requests":0,` +
			`"total_errors":0,"error_rate":0,"total_auths":0,"avg_response_ms":0,"last_100_responses":0,"sessions":[],` +
			`"active_sessions":0,"keepalive":{"interval_seconds":0,"total_pings":0,"failures":0,"last_pings":{}}}`},
		"version": {EncodeAbout(mm.About{Version: "1.2.3", PID: 7, Started: now, Background: true, Log: "/l"}),
			`{"version":"1.2.3","pid":7,"started":"2026-11-22T09:00:00.123Z","background":true,"log":"/l"}`},
		"version of a daemon in the foreground": {EncodeAbout(mm.About{Version: "(devel)", PID: 7, Started: now}),
			`{"version":"(devel)","pid":7,"started":"2026-11-22T09:00:00.123Z","background":false}`},
		"stopping": {EncodeStopAnswer(), `{"status":"success","stopping":true}`},

		"reset":          {EncodeResetAnswer([]mm.SessionID{exo}), `{"status":"success","reset":["Contoso-GA/exo"],"count":1}`},
		"nothing reset":  {EncodeResetAnswer(nil), `{"status":"success","reset":[],"count":0}`},
		"cancelled":      {EncodeCancelAnswer(true), `{"status":"success","cancelled":true}`},
		"a refusal":      {EncodeError(mm.Errorf(mm.BadRequest, "Do.", "No.")), `{"status":"error","error":"No. Do.","code":"bad_request","remedy":"Do.","executed":"no"}`},
		"unknown module": {EncodeError(second(parseModule("xyz"))), `{"status":"error","error":"Unknown module: xyz","code":"unknown_module","remedy":"Use one of exo, pnp, azure, teams.","executed":"no"}`},
		"progress":       {EncodeProgress([]mm.Record{{Stream: mm.StreamProgress, Text: "t", Activity: "a", Percent: -1}}), `{"records":[{"stream":"progress","text":"t","activity":"a","percent":-1}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			if string(test.got) != test.want {
				t.Errorf("got  %s\nwant %s", test.got, test.want)
			}
		})
	}
}

func second[A, B any](_ A, b B) B { return b }

func TestRequestsHaveTheShapesOfThePoolAPI(t *testing.T) {
	id := mm.SessionID{Connection: "C", Module: mm.Exchange}
	for want, got := range map[string][]byte{
		`{"connection":"C","module":"exo","command":"x > y"}`: EncodeRun(mm.Command{Session: id, Text: "x > y"}),
		`{"connection":"C","module":"exo","command":"x","caller_id":"c","request_id":"r","timeout_seconds":2,"format":"both",` +
			`"width":80,"depth":3,"max_items":4,"max_chars":500}`: EncodeRun(mm.Command{Session: id, Text: "x", Caller: "c",
			RequestID: "r", Timeout: 1500 * time.Millisecond,
			Want: mm.Want{Format: mm.FormatBoth, Width: 80, Depth: 3, MaxItems: 4, MaxChars: 500}}),
		`{"connection":"C"}`:                EncodeReset("C", ""),
		`{"connection":"C","module":"pnp"}`: EncodeReset("C", mm.SharePoint),
		`{"request_id":"r"}`:                EncodeCancel("r"),
		`{}`:                                EncodeStop(mm.StopRequest{}),
		`{"if_idle":true,"drain_seconds":2,"why":"w"}`: EncodeStop(mm.StopRequest{IfIdle: true, Drain: 1500 * time.Millisecond, Why: "w"}),
		`{"drain_seconds":0}`:                          EncodeStop(mm.StopRequest{Drain: -time.Millisecond}),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAnUptimeIsShownInItsGreatestUnits(t *testing.T) {
	for seconds, want := range map[int]string{0: "0h 0m 0s", 59: "0h 0m 59s", 60: "0h 1m 0s", 3600: "1h 0m 0s", 360_061: "100h 1m 1s"} {
		if got := human(time.Duration(seconds)*time.Second + 999*time.Millisecond); got != want {
			t.Errorf("%d s: %s, want %s", seconds, got, want)
		}
	}
}
