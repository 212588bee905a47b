package main

import (
	"fmt"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

func resetCommand(e *environ) *cobra.Command {
	return &cobra.Command{
		Use:   "reset CONNECTION [MODULE]",
		Short: "End the sessions of a connection, or the one of a module",
		Long: `End the sessions of a connection, or the one of a module, with their processes. What runs in them is answered with an error.
The next command starts a new session, which may need a new sign-in. It starts no daemon.`,
		Example:           "  mm reset Contoso-GA exo\n  mm reset Contoso-GA",
		Args:              betweenArgs(1, 2),
		ValidArgsFunction: completeSession(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			var module mm.Module
			if len(args) == 2 {
				var err error
				if module, err = parseModule(args[1]); err != nil {
					return err
				}
			}
			pool, err := e.pool()
			if err != nil {
				return err
			}
			defer pool.Close()
			ids, err := pool.Reset(cmd.Context(), args[0], module)
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%s has no session to reset; `mm status` lists them.\n", plain(args[0]))
			}
			for _, id := range ids {
				fmt.Fprintln(cmd.OutOrStdout(), "reset", plain(id.String()))
			}
			return nil
		},
	}
}
