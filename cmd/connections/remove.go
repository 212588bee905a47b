package connections

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

func (p *program) remove() *cobra.Command {
	var yes, keep bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a connection, and sign it out",
		Long: `Remove a connection. It asks first, and whether to sign out too: to forget its tokens in ~/.mm-graph-tokens. Running sessions of
the connection end when their commands have.`,
		Example:           p.examples("remove Contoso-GA", "remove Contoso-GA --yes", "remove Contoso-GA --yes --keep-sign-in"),
		Args:              p.arguments(1),
		ValidArgsFunction: p.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd)
			defer stop()
			draft, err := p.view(cmd)
			if err != nil {
				return err
			}
			name, err := draft.Find(args[0])
			if err != nil {
				return err
			}
			ask := newPrompter(cmd)
			if sure, err := ask.unless(ctx, yes, fmt.Sprintf("Remove connection '%s'?", name)); err != nil {
				return err
			} else if !sure {
				say(cmd, "Connection '%s' was not removed.", name)
				return nil
			}
			forget, err := p.signsOut(ctx, cmd, ask, name, yes, keep)
			if err != nil {
				return err
			}
			if err := p.change(ctx, func(d *registry.Draft) error { return d.Remove(name) }); err != nil {
				return err
			}
			say(cmd, "Removed connection '%s'.", name)
			return forget()
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask; sign out too")
	cmd.Flags().BoolVar(&keep, "keep-sign-in", false, "keep the tokens")
	return cmd
}

// unless asks for confirmation, unless that was given.
func (p *prompter) unless(ctx context.Context, given bool, question string) (bool, error) {
	if given {
		return true, nil
	}
	return p.confirm(ctx, question)
}

// signsOut asks whether a connection shall be signed out too, and returns what does it.
func (p *program) signsOut(ctx context.Context, cmd *cobra.Command, ask *prompter, name string, yes, keep bool) (func() error, error) {
	nothing := func() error { return nil }
	tokens, err := p.signIns()
	if err != nil || keep || !tokens.has(ctx, name) {
		return nothing, err
	}
	sure, err := ask.unless(ctx, yes, "Sign it out too, and forget its tokens?")
	if err == errInputEnded {
		sure, err = false, nil // `echo y |` answers the first question only; no is the default
	}
	if !sure || err != nil {
		return nothing, err
	}
	return func() error {
		if err := tokens.forget(context.WithoutCancel(ctx), name); err != nil {
			return &mm.Error{Code: mm.Internal, Executed: mm.ExecutedYes, Remedy: "Remove its files from ~/.mm-graph-tokens yourself.",
				Message: fmt.Sprintf("The connection was removed, but its sign-in was not: %v", err)}
		}
		say(cmd, "Signed it out.")
		return nil
	}, nil
}
