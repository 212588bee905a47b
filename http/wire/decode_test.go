package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
)

// run is the body of a /run with the three fields that it needs and more.
func run(more string) string {
	return `{"connection":"C","module":"exo","command":"x"` + more + `}`
}

func TestARunRequestIsReadWithItsOptionalFields(t *testing.T) {
	plain := mm.Command{Session: mm.SessionID{Connection: "C", Module: mm.Exchange}, Text: "x"}
	with := func(change func(*mm.Command)) mm.Command {
		c := plain
		change(&c)
		return c
	}
	for name, test := range map[string]struct {
		body string
		want mm.Command
	}{
		"the three fields":       {run(``), plain},
		"unknown fields":         {run(`,"confirmed":true,"x":[{}]`), plain},
		"null is absent":         {run(`,"timeout_seconds":null,"format":null,"caller_id":null,"width":null`), plain},
		"an upper case module":   {`{"connection":"C","module":"EXO","command":"x"}`, plain},
		"spaces around the body": {" \n" + run(``) + "\r\n", plain},
		"a byte order mark":      {"\ufeff" + run(``), plain},
		"a caller":               {run(`,"caller_id":"me"`), with(func(c *mm.Command) { c.Caller = "me" })},
		"a request id":           {run(`,"request_id":"r"`), with(func(c *mm.Command) { c.RequestID = "r" })},
		"the longest timeout":    {run(`,"timeout_seconds":86400`), with(func(c *mm.Command) { c.Timeout = 24 * time.Hour })},
		"all wishes": {run(`,"format":"both","width":20,"depth":32,"max_items":1000000,"max_chars":33554432`), with(func(c *mm.Command) {
			c.Want = mm.Want{Format: mm.FormatBoth, Width: 20, Depth: 32, MaxItems: 1_000_000, MaxChars: 32 << 20}
		})},
		"the smallest wishes": {run(`,"format":"json","width":10000,"depth":1,"max_items":1,"max_chars":100,"timeout_seconds":1`), with(func(c *mm.Command) {
			c.Timeout = time.Second
			c.Want = mm.Want{Format: mm.FormatJSON, Width: 10_000, Depth: 1, MaxItems: 1, MaxChars: 100}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeRun([]byte(test.body), "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARefusedRunRequestIsToldWhatIsAllowed(t *testing.T) {
	const missing = "Missing connection, module, or command"
	type test struct{ body, want string }
	tests := map[string]test{
		"nothing":              {"", missing},
		"an empty object":      {"{}", missing},
		"null":                 {"null", missing},
		"an empty command":     {`{"connection":"C","module":"exo","command":" \n"}`, missing},
		"no module":            {`{"connection":"C","command":"x"}`, missing},
		"a command of null":    {`{"connection":"C","module":"exo","command":null}`, missing},
		"an unknown module":    {`{"connection":"C","module":"ex o","command":"x"}`, "Unknown module: ex o"},
		"a list":               {"[1]", "The body is a JSON array; want an object."},
		"text":                 {`"x"`, "The body is a JSON string; want an object."},
		"no JSON":              {"connection=C", "The body is not valid JSON: invalid character 'c' looking for beginning of value (at byte 1)."},
		"half a body":          {`{"connection":`, "The body is not valid JSON: unexpected end of JSON input (at byte 14)."},
		"two bodies":           {run("") + run(""), "The body is not valid JSON: invalid character '{' after top-level value"},
		"a connection's type":  {`{"connection":1,"module":"exo","command":"x"}`, "connection: want a string; got number."},
		"a command's type":     {`{"connection":"C","module":"exo","command":["x"]}`, "command: want a string of at most 65536 bytes; got array."},
		"a long command":       {`{"connection":"C","module":"exo","command":"` + strings.Repeat("x", 65537) + `"}`, "command: want a string of at most 65536 bytes; got 65537 bytes."},
		"a timeout as text":    {run(`,"timeout_seconds":"60"`), "timeout_seconds: want a whole number from 1 to 86400; got string."},
		"a broken timeout":     {run(`,"timeout_seconds":1.5`), "timeout_seconds: want a whole number from 1 to 86400; got number 1.5."},
		"a timeout too great":  {run(`,"timeout_seconds":1e30`), "timeout_seconds: want a whole number from 1 to 86400; got number 1e30."},
		"an unknown format":    {run(`,"format":"xml"`), `format: want "text", "json" or "both"; got "xml".`},
		"a format's case":      {run(`,"format":"JSON"`), `format: want "text", "json" or "both"; got "JSON".`},
		"a long request id":    {run(`,"request_id":"` + strings.Repeat("ä", 65) + `"`), "request_id: want a string of at most 128 bytes; got 130 bytes."},
		"a long caller":        {run(`,"caller_id":"` + strings.Repeat("x", 257) + `"`), "caller_id: want a string of at most 256 bytes; got 257 bytes."},
		"invalid UTF-8":        {run(",\"caller_id\":\"\xfcmit\""), "The body is not valid UTF-8."},
		"UTF-16":               {"\xff\xfe{\x00}\x00", "The body is not valid UTF-8."},
		"too deep":             {run(`,"x":` + strings.Repeat("[", 20_000)), "The body is not valid JSON: invalid character '[' exceeded max depth"},
		"a format of no words": {run(`,"format":5`), `format: want "text", "json" or "both"; got number.`},
	}
	for field, bounds := range map[string][2]int{
		"timeout_seconds": {1, 86400}, "width": {20, 10_000}, "depth": {1, 32}, "max_items": {1, 1_000_000}, "max_chars": {100, 32 << 20},
	} {
		for _, n := range []int{bounds[0] - 1, bounds[1] + 1, -5} {
			tests[fmt.Sprint(field, " of ", n)] = test{run(fmt.Sprintf(`,%q:%d`, field, n)),
				fmt.Sprintf("%s: want a whole number from %d to %d; got %d.", field, bounds[0], bounds[1], n)}
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeRun([]byte(test.body), "")
			if err == nil {
				t.Fatal("it was accepted")
			}
			if want := (test.want == "Unknown module: ex o"); (err.Code == mm.UnknownModule) != want || err.Executed != mm.ExecutedNo {
				t.Errorf("code %s, executed %s", err.Code, err.Executed)
			}
			if !strings.HasPrefix(err.Message, test.want) {
				t.Errorf("got  %s\nwant %s", err.Message, test.want)
			}
		})
	}
}

func TestEveryFieldOfARequestSaysWhatItWants(t *testing.T) {
	for _, field := range []string{"connection", "module", "command", "caller_id", "request_id", "timeout_seconds", "format",
		"width", "depth", "max_items", "max_chars"} {
		_, err := DecodeRun(fmt.Appendf(nil, `{%q:{}}`, field), "")
		if err == nil || !strings.HasPrefix(err.Message, field+": want a") && !strings.HasPrefix(err.Message, field+`: want "`) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestResetAndCancelRequestsAreRead(t *testing.T) {
	for body, want := range map[string]string{
		`{"connection":"C"}`:                "C  <nil>",
		`{"connection":"C","module":"PNP"}`: "C pnp <nil>",
		`{"connection":"C","module":"x"}`:   "C  Unknown module: x Use one of exo, pnp, azure, teams.",
		`{"module":"exo"}`:                  "  Missing connection",
		``:                                  "  Missing connection",
		`{"connection":[]}`:                 "  connection: want a string; got array.",
	} {
		connection, module, err := DecodeReset([]byte(body), "")
		got := fmt.Sprintf("%s %s <nil>", connection, module)
		if err != nil {
			got = fmt.Sprintf("%s %s %s", connection, module, err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	if id, err := DecodeCancel([]byte(`{"request_id":"r"}`)); id != "r" || err != nil {
		t.Errorf("cancel: %q, %v", id, err)
	}
	for _, body := range []string{`{}`, ``, `{"request_id":""}`, `{"request_id":5}`, `x`, `{"request_id":"` + strings.Repeat("x", 129) + `"}`} {
		if id, err := DecodeCancel([]byte(body)); err == nil || err.Code != mm.BadRequest || id != "" {
			t.Errorf("cancel of %s: %q, %v", body, id, err)
		}
	}
}

func TestAServerOfOneConnectionReadsNoOther(t *testing.T) {
	for _, body := range []string{`{"module":"exo","command":"x"}`, run(``), `{"connection":null,"module":"exo","command":"x"}`} {
		if c, err := DecodeRun([]byte(body), "Mine"); err != nil || c.Session.Connection != "Mine" {
			t.Errorf("%s: %+v %v", body, c, err)
		}
		if connection, _, err := DecodeReset([]byte(body), "Mine"); err != nil || connection != "Mine" {
			t.Errorf("%s: %s %v", body, connection, err)
		}
	}
}

func TestARefusedRequestToStopIsToldWhatIsAllowed(t *testing.T) {
	for body, want := range map[string]string{
		`{"if_idle":1}`:                              "if_idle: want true or false; got number.",
		`{"drain_seconds":-1}`:                       "drain_seconds: want a whole number from 0 to 86400; got -1.",
		`{"drain_seconds":86401}`:                    "drain_seconds: want a whole number from 0 to 86400; got 86401.",
		`{"drain_seconds":1e99}`:                     "drain_seconds: want a whole number from 0 to 86400; got number 1e99.",
		`{"why":[]}`:                                 "why: want a string of at most 256 bytes; got array.",
		`{"why":"` + strings.Repeat("x", 257) + `"}`: "why: want a string of at most 256 bytes; got 257 bytes.",
		`stop`: "The body is not valid JSON: invalid character 's' looking for beginning of value (at byte 1).",
	} {
		if r, err := DecodeStop([]byte(body)); err == nil || err.Code != mm.BadRequest || err.Message != want || r != (mm.StopRequest{}) {
			t.Errorf("%s: %+v %v", body, r, err)
		}
	}
	for _, body := range []string{``, `{}`, `{"drain_seconds":null,"x":1}`} {
		if r, err := DecodeStop([]byte(body)); err != nil || r != (mm.StopRequest{}) {
			t.Errorf("%s: %+v %v", body, r, err)
		}
	}
}
