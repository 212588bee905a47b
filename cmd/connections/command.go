// Package connections is the command line for the connection registry: `mm connections …`, and the same as `mm-connections …`.
//
// Every error that it returns for a person is an *mm.Error: code bad_request for a command line that makes no sense, others
// for what failed.
package connections

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

// A program is the command line of one process.
type program struct {
	name string // as people call it: "mm connections"
	home func() (string, error)
}

// Command returns the command `use` with all its subcommands. called is how people call it from a shell. home returns the
// user's home folder, absolute; it is asked when a command runs, and its error is returned as it is.
func Command(use, called string, home func() (string, error)) *cobra.Command {
	p := &program{called, home}
	list := p.list()
	root := &cobra.Command{
		Use:   use,
		Short: "List and change the connections of the registry, ~/.m365-connections.json",
		Long: `List and change the connections of the registry, ~/.m365-connections.json. Without a subcommand it lists them.

A connection is a tenant, the app registration that signs in there, and the account that is expected to. A change keeps
everything in the file that mm does not know, and leaves the content before it in ~/.m365-connections.json.bak. Running
daemons see it with their next command.`,
		Example: p.examples("list", "add Contoso-GA", "edit Contoso-GA tenantId 00000000-0000-0000-0000-000000000000",
			"rename Contoso-GA Contoso"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			remedy := fmt.Sprintf("`%s --help` lists them.", p.name)
			if like := registry.Closest(args[0], subcommands(cmd)); like != "" {
				remedy = fmt.Sprintf("Did you mean `%s %s`? %s", p.name, like, remedy)
			}
			return mm.Errorf(mm.BadRequest, remedy, "Unknown command %q.", args[0])
		},
		RunE: list.RunE,
	}
	root.Flags().AddFlagSet(list.Flags())
	root.AddCommand(list, p.show(), p.add(), p.edit(), p.rename(), p.duplicate(), p.remove())
	return root
}

func subcommands(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// examples are command lines of a help text.
func (p *program) examples(lines ...string) string {
	return "  " + p.name + " " + strings.Join(lines, "\n  "+p.name+" ")
}

// registry returns the path of the registry.
func (p *program) registry() (string, error) {
	home, err := p.home()
	return filepath.Join(home, ".m365-connections.json"), err
}

// view reads the registry, and says on standard error what it should be told.
func (p *program) view(cmd *cobra.Command) (*registry.Draft, error) {
	path, err := p.registry()
	if err != nil {
		return nil, err
	}
	draft, notes, err := registry.View(path)
	for _, n := range notes {
		note(cmd, "%s", n)
	}
	return draft, err
}

// change changes the registry.
func (p *program) change(ctx context.Context, change func(*registry.Draft) error) error {
	path, err := p.registry()
	if err != nil {
		return err
	}
	return registry.Edit(ctx, path, change)
}

// untilInterrupted returns the context of a command that asks or writes. A signal ends it while nothing is being written, and
// waits otherwise: a change takes milliseconds.
func untilInterrupted(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

// arguments is cobra's check of the number of arguments, with the words for people.
func (p *program) arguments(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		plural := "s"
		if n == 1 {
			plural = ""
		}
		return mm.Errorf(mm.BadRequest, fmt.Sprintf("See `%s --help`.", cmd.CommandPath()),
			"`%s %s` wants %d argument%s and got %d.", p.name, cmd.Use, n, plural, len(args))
	}
}

// say tells on standard output what was done.
func say(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
}

// note tells on standard error what should be known or mended.
func note(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "Note: "+format+"\n", args...)
}
