package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	mm "github.com/microsoft-master/mm"
)

// writeRegistry writes the connections to a registry file of the sandbox. What somebody changed or added there stays, but
// for the endpoints of the sandbox's connections, which are those of this start.
func writeRegistry(path string, ours map[string]mm.Connection, ends mm.SandboxEndpoints) error {
	file := map[string]any{}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("sandbox: the registry: %w", err)
	default:
		if err := json.Unmarshal(text, &file); err != nil {
			return fmt.Errorf("sandbox: the registry %s is not valid JSON; repair or remove it: %w", path, err)
		}
	}
	connections, _ := file["connections"].(map[string]any)
	if connections == nil {
		connections = map[string]any{}
	}
	for _, c := range connections {
		if c, ok := c.(map[string]any); ok && c["cloud"] == "sandbox" {
			c["sandbox"] = ends
		}
	}
	for name, c := range ours {
		if _, there := connections[name]; !there {
			connections[name] = c
		}
	}
	file["connections"] = connections
	return writeJSON(path, file)
}
