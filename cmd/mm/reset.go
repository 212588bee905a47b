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
		Long:  "End the sessions of a connection, or the one of a module, with their processes. The next command starts a new one.",
		Args:  cobra.MatchAll(betweenArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var module mm.Module
			if len(args) == 2 {
				m, ok := mm.ParseModule(args[1])
				if !ok {
					return usageError{fmt.Errorf("unknown module: %s; the modules are exo, pnp, azure and teams", args[1])}
				}
				module = m
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
				fmt.Fprintf(cmd.OutOrStdout(), "%s has no session to reset.\n", args[0])
			}
			for _, id := range ids {
				fmt.Fprintln(cmd.OutOrStdout(), "reset", id)
			}
			return nil
		},
	}
}

// betweenArgs is cobra's check with the exit code for usage.
func betweenArgs(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && len(args) <= high {
			return nil
		}
		return usageError{fmt.Errorf("`%s` wants %d to %d arguments and got %d", cmd.UseLine(), low, high, len(args))}
	}
}
