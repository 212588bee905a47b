package contracttest

import (
	"encoding/json"
	"os"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// A World is what is behind a door: sessions that nobody has used yet, the registry, and a person who signs in. Its engines know
// the vocabulary of internal/enginetest.
type World struct {
	// Connections are the names of the registry, sorted; there are two or more, and each can be signed in to.
	Connections []string
	// Account is the address that a connection expects, Stranger another one of the same tenant.
	Account, Stranger func(connection string) string
	// SignIn is a person who types the code and signs an account in.
	SignIn func(userCode, account string) error
	// Client is the app id that asked for a code.
	Client func(userCode string) string
	// LoginURL is where the modules of this world send people.
	LoginURL string
	// Fault makes one command of a session's module slow, hang, throw, die, noise … for so many seconds, as the sandbox's
	// switchboard knows them; an empty kind ends that. With "graph" for the module, a request to Graph: GET me/messages.
	Fault func(s mm.SessionID, command, kind string, seconds float64) error
	// Registry is the path of the registry file.
	Registry string
	// Stopped gets the requests to stop that were accepted.
	Stopped <-chan mm.StopRequest
}

// editRegistry changes the registry as a person does, in place. The entry of each connection is a map of its fields.
func (w World) editRegistry(t *testing.T, edit func(file, connections map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(w.Registry)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	edit(file, file["connections"].(map[string]any))
	if text, err = json.MarshalIndent(file, "", "  "); err != nil {
		t.Fatal(err)
	}
	w.writeRegistry(t, string(text))
}

func (w World) writeRegistry(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(w.Registry, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
