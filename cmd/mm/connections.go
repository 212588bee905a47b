package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/cmd/connections"
)

func connectionsCommand(e *environ) *cobra.Command {
	return connections.Command("connections", "mm connections", func() (string, error) {
		s, err := e.read()
		return s.Home, err
	})
}

// listConnections writes the table of `mm connections`.
func listConnections(w io.Writer, all map[string]mm.Connection, asJSON bool) error {
	if asJSON {
		return printJSON(w, map[string]any{"connections": all})
	}
	connections.Table(w, all)
	return nil
}

// printJSON writes v indented.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
