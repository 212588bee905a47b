package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

func connectionsCommand(e *environ) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "connections",
		Short: "List the connections of the registry, ~/.m365-connections.json",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := e.read()
			if err != nil {
				return err
			}
			r := registry.Open(s.Registry).Read()
			for _, n := range r.Notes {
				fmt.Fprintln(os.Stderr, "Note:", n)
			}
			if r.Problem != nil {
				return r.Problem
			}
			return listConnections(cmd.OutOrStdout(), r.Connections, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func listConnections(w io.Writer, all map[string]mm.Connection, asJSON bool) error {
	if asJSON {
		return printJSON(w, map[string]any{"connections": all})
	}
	// The columns are those of the Python version's list.
	const row = "%-25s %-45s %s\n"
	fmt.Fprintf(w, row, "NAME", "EMAIL", "DESCRIPTION")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		fmt.Fprintf(w, row, name, plain(c.ExpectedEmail), plain(c.Description))
	}
	return nil
}

// printJSON writes v indented.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
