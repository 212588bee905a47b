package connections

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

func (p *program) list() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the connections: name, expected account, description",
		Long: `List the connections that can be used: name, expected account, description. What cannot be used, and why, is noted on
standard error.`,
		Example: p.examples("list", "list --json"),
		Args:    p.arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := p.registry()
			if err != nil {
				return err
			}
			r := registry.Open(path).Read()
			for _, n := range r.Notes {
				note(cmd, "%s", n)
			}
			if r.Problem != nil {
				return r.Problem
			}
			if len(r.Connections) == 0 {
				note(cmd, "There is no connection yet; add one with `%s add NAME`.", p.name)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"connections": r.Connections})
			}
			Table(cmd.OutOrStdout(), r.Connections)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as GET /connections of the pool does")
	return cmd
}

// Table writes the connections, sorted by name, in the columns of the Python version's list: 25 and 45 characters and the rest.
func Table(w io.Writer, all map[string]mm.Connection) {
	const row = "%-25s %-45s %s\n"
	fmt.Fprintf(w, row, "NAME", "EMAIL", "DESCRIPTION")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		fmt.Fprintf(w, row, name, plain(c.ExpectedEmail), plain(c.Description))
	}
}

// plain makes text safe for a line of a terminal: control characters, which could move the cursor, become spaces.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, text)), " ")
}

// isControl reports whether a terminal would obey the character.
func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (p *program) show() *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Show a connection as JSON, with all of its fields",
		Long:              "Show a connection as it stands in the registry, as JSON, fields that mm does not know included.",
		Example:           p.examples("show Contoso-GA"),
		Args:              p.arguments(1),
		ValidArgsFunction: p.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			draft, err := p.view(cmd)
			if err != nil {
				return err
			}
			name, err := draft.Find(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), escaped(string(draft.JSON(name))))
			return err
		},
	}
}

// escaped is JSON with the control characters that JSON allows in strings, and terminals obey, as escapes.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\n' && isControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
