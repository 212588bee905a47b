package mcp

import (
	"encoding/json"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestArgumentsAreReadLeniently(t *testing.T) {
	defaults := runArgs{format: mm.FormatText, maxChars: defaultMaxChars}
	full := runArgs{"Contoso-GA", "exo", "Get-Mailbox", 60 * time.Second, mm.FormatJSON, 1000, ""}
	again := defaults
	again.requestID = randomID()
	spaced := defaults
	spaced.command = "Get-Mailbox \U0001F600"
	for _, c := range []struct {
		name, in string
		want     runArgs
	}{
		{"nothing", ``, defaults},
		{"null", `null`, defaults},
		{"an empty object", `{}`, defaults},
		{"nulls for absent", `{"connection":null,"module":null,"command":null,"timeout_seconds":null,"format":null,"max_chars":null}`, defaults},
		{"empty strings for absent", `{"connection":" ","command":"","format":"","timeout_seconds":"","max_chars":""}`, defaults},
		{"everything", `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox","timeout_seconds":60,"format":"json","max_chars":1000}`, full},
		{"numbers as strings", `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox","timeout_seconds":"60","format":"JSON","max_chars":" 1000 "}`, full},
		{"numbers with a zero fraction", `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox","timeout_seconds":60.0,"format":"json","max_chars":1e3}`, full},
		{"unknown ones", `{"x":{"y":[1]},"":null}`, defaults},
		{"confirmed in every form", `{"confirmed":true,"Confirmed":"true","body":{"confirmed":[1]}}`, defaults},
		{"zeros for absent", `{"timeout_seconds":0,"max_chars":"0"}`, defaults},
		{"an empty list, as PHP writes an empty object", ` [] `, defaults},
		{"an empty string", `""`, defaults},
		{"a string that holds null", `"null"`, defaults},
		{"a string that holds the object", `"{\"connection\":\"Contoso-GA\",\"module\":\"exo\",\"command\":\"Get-Mailbox\",\"timeout_seconds\":60,\"format\":\"json\",\"max_chars\":1000}"`, full},
		{"a request id of ours", `{"request_id":"` + again.requestID + `"}`, again},
		{"a whole pair of surrogates, and a backslash before a u", `{"command":"Get-Mailbox \ud83d\ude00","x":"\\ud83d"}`, spaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeRun(json.RawMessage(c.in))
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestWrongArgumentsSayWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, in, message, remedy string }{
		{"an array", `[1]`, "The arguments are not an object.", "Send an object with connection, module and command."},
		{"a string in a string", `"\"x\""`, "The arguments are a string.", "Send an object with connection, module and command."},
		{"a number", `7`, "The arguments are not an object.", "Send an object with connection, module and command."},
		{"half of a character", `{"command":"Write-Host '\ud83d'"}`, "command has half of a character (a lone surrogate).", "Send the whole character."},
		{"the other half", `{"command":"\ude00\ud83d"}`, "command has half of a character (a lone surrogate).", "Send the whole character."},
		{"half of a character in a string of JSON", `"{\"command\":\"\\ud83d\"}"`, "command has half of a character (a lone surrogate).", "Send the whole character."},
		{"an invented request id", `{"request_id":"1"}`, "request_id is not one that an earlier answer named.", "Leave it out for a new command."},
		{"a command that is a list", `{"command":["Get-Mailbox"]}`, "command is not a string.", "Send it as a JSON string."},
		{"an unknown format", `{"format":"xml"}`, `There is no format "xml".`, "Use text, json or both."},
		{"a negative timeout", `{"timeout_seconds":-1}`, "timeout_seconds is not in its range: -1.", "Send a whole number from 1 to 86400."},
		{"a fraction", `{"timeout_seconds":1.5}`, "timeout_seconds is not in its range: 1.5.", "Send a whole number from 1 to 86400."},
		{"too many characters", `{"max_chars":"9000000"}`, `max_chars is not in its range: "9000000".`, "Send a whole number from 500 to 1000000."},
		{"a number beyond all", `{"max_chars":1e300}`, "max_chars is not in its range: 1e300.", "Send a whole number from 500 to 1000000."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeRun(json.RawMessage(c.in))
			if err == nil || err.Code != mm.BadRequest || err.Message != c.message || err.Remedy != c.remedy {
				t.Errorf("got %#v", err)
			}
		})
	}
}
