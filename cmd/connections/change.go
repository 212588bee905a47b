package connections

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

func (p *program) add() *cobra.Command {
	return &cobra.Command{
		Use:   "add NAME",
		Short: "Add a connection; asks for tenant, app id, description and account",
		Long: `Add a connection. It asks for Tenant, App ID, Description and Expected email, in this order; from a pipe it reads one answer
per line. An empty answer leaves the field out. The registry is made where there is none.`,
		Example: p.examples("add Contoso-GA") + "\n  printf '%s\\n' contoso.onmicrosoft.com '' 'Contoso, global admin' admin@contoso.com | " +
			p.name + " add Contoso-GA",
		Args:              p.arguments(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd)
			defer stop()
			name := args[0]
			draft, err := p.view(cmd)
			if err != nil {
				return err
			}
			if err := draft.Add(name, nil); err != nil { // before four questions are answered in vain
				return err
			}
			ask := newPrompter(cmd)
			if ask.terminal {
				fmt.Fprintf(ask.out, "Connection '%s'. Enter leaves a field out; Ctrl-C ends without a change.\n", name)
			}
			answers := map[string]string{}
			for _, q := range []struct{ label, key string }{
				{"Tenant", "tenant"}, {"App ID", "appId"}, {"Description", "description"}, {"Expected email", "expectedEmail"},
			} {
				k, _ := knownKey(q.key)
				answer, err := ask.askField(ctx, q.label, k)
				if err != nil {
					return err
				}
				answers[q.key] = answer
				if !ask.terminal {
					p.doubt(cmd, k, answer)
				}
			}
			var fields []registry.Field
			for _, k := range keys {
				if answer := answers[k.name]; answer != "" {
					fields = append(fields, registry.Field{Key: k.name, JSON: registry.Text(answer)})
				}
			}
			fields = append(fields, registry.Field{Key: "mcps", JSON: []byte(`["mm"]`)})
			if err := p.change(ctx, func(d *registry.Draft) error { return d.Add(name, fields) }); err != nil {
				return err
			}
			say(cmd, "Added connection '%s'.", name)
			if !guidForm().MatchString(answers["tenant"]) {
				note(cmd, "Set its tenantId too, so that mm can verify the tenant: %s edit %q tenantId TENANT-ID", p.name, name)
			}
			return nil
		},
	}
}

// doubt says where a value looks wrong.
func (p *program) doubt(cmd *cobra.Command, k key, value string) {
	if value == "" || k.doubt == nil {
		return
	}
	if doubt := k.doubt(value); doubt != "" {
		note(cmd, "%s: %q %s.", k.name, value, doubt)
	}
}

func (p *program) edit() *cobra.Command {
	var about strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&about, "  %-19s %s\n", k.name, k.about)
	}
	cmd := &cobra.Command{
		Use:   "edit NAME KEY VALUE",
		Short: "Set or remove a field of a connection",
		Long: `Set a field of a connection. The value null, or an empty one, removes the field. The fields that mm knows:

` + about.String() + `
One app of moduleApps is moduleApps.MODULE. Fields that mm does not know are kept for others; there true and false become
booleans, and JSON objects and lists are taken as such.`,
		Example: p.examples("edit Contoso-GA tenantId 00000000-0000-0000-0000-000000000000", "edit Contoso-GA mcps mm,graph",
			"edit Contoso-GA moduleApps.exo 00000000-0000-0000-0000-000000000000", "edit Contoso-GA expectedEmail null"),
		Args:              p.arguments(3),
		ValidArgsFunction: p.completeEdit,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd)
			defer stop()
			f, err := parseField(args[1])
			if err != nil {
				return err
			}
			if f.name == "name" {
				return mm.Errorf(mm.BadRequest, fmt.Sprintf("Run `%s rename %q %q`.", p.name, args[0], args[2]),
					"The name of a connection is not one of its fields.")
			}
			value, err := f.parse(args[2])
			if err != nil {
				return err
			}
			var name string
			var before, after []byte
			err = p.change(ctx, func(d *registry.Draft) error {
				var err error
				if name, err = d.Find(args[0]); err != nil {
					return err
				}
				before = d.JSON(name)
				err = d.Set(name, f.path, value)
				after = d.JSON(name)
				return err
			})
			switch {
			case err != nil:
				return err
			case bytes.Equal(before, after) && value == nil:
				say(cmd, "Connection '%s' has no %s.", name, plain(f.name))
			case bytes.Equal(before, after):
				say(cmd, "The %s of connection '%s' is %s already.", plain(f.name), name, value)
			case value == nil:
				say(cmd, "Removed the %s of connection '%s'.", plain(f.name), name)
			default:
				say(cmd, "Set the %s of connection '%s' to %s.", plain(f.name), name, escaped(string(value)))
			}
			if value != nil {
				p.remark(cmd, f, args[2])
			}
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false) // a value may begin with a dash
	return cmd
}

// remark says what may be wrong with a field that was set.
func (p *program) remark(cmd *cobra.Command, f field, value string) {
	if !f.known {
		like := registry.Closest(f.name, strings.Split(keyNames(), ", "))
		if like != "" {
			like = fmt.Sprintf(" Did you mean %s?", like)
		}
		note(cmd, "mm does not know the field %q; it is kept as it is.%s", f.name, like)
	}
	p.doubt(cmd, f.key, strings.TrimSpace(value))
}

func (p *program) rename() *cobra.Command {
	return &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "Rename a connection; its sign-in moves along",
		Long: `Rename a connection. Its tokens in ~/.mm-graph-tokens move along, so that nobody has to sign in again. Sessions that run under
the old name end.`,
		Example:           p.examples("rename Contoso-GA Contoso"),
		Args:              p.arguments(2),
		ValidArgsFunction: p.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd)
			defer stop()
			tokens, err := p.signIns()
			if err != nil {
				return err
			}
			var from string
			to := args[1]
			if err := p.change(ctx, func(d *registry.Draft) error {
				var err error
				if from, err = d.Find(args[0]); err != nil {
					return err
				}
				if from == to {
					return mm.Errorf(mm.BadRequest, "Give it another name.", "The connection is called '%s' already.", to)
				}
				return d.Rename(from, to)
			}); err != nil {
				return err
			}
			say(cmd, "Renamed connection '%s' to '%s'.", from, to)
			// From here on an interrupt would leave the sign-in behind.
			moved, err := tokens.rename(context.WithoutCancel(ctx), from, to)
			if moved {
				say(cmd, "Its sign-in moved along.")
			}
			if err != nil {
				note(cmd, "Its sign-in was not moved: %v Sign in again when it is asked for.", err)
			}
			return nil
		},
	}
}

func (p *program) duplicate() *cobra.Command {
	return &cobra.Command{
		Use:   "duplicate SOURCE NEW",
		Short: "Copy a connection under another name, without its account",
		Long: `Copy a connection under another name, with all of its fields but for expectedEmail: a second connection is for another
account. Its description becomes (copy of SOURCE).`,
		Example:           p.examples("duplicate Contoso-GA Contoso-Reader"),
		Args:              p.arguments(2),
		ValidArgsFunction: p.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd)
			defer stop()
			var source string
			name := args[1]
			if err := p.change(ctx, func(d *registry.Draft) error {
				var err error
				if source, err = d.Find(args[0]); err != nil {
					return err
				}
				if err := d.Duplicate(source, name); err != nil {
					return err
				}
				if err := d.Set(name, []string{"expectedEmail"}, nil); err != nil {
					return err
				}
				return d.Set(name, []string{"description"}, registry.Text("(copy of "+source+")"))
			}); err != nil {
				return err
			}
			say(cmd, "Added connection '%s', a copy of '%s'.", name, source)
			note(cmd, "Set the account that signs in there: %s edit %q expectedEmail ADDRESS", p.name, name)
			return nil
		},
	}
}
