package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

func signOutCommand(e *environ) *cobra.Command {
	return &cobra.Command{
		Use:   "sign-out NAME",
		Short: "Sign the account of a connection out, and end its sessions",
		Long: `Sign the account of a connection out: its tokens are removed from this machine, and its sessions end with their processes. What
runs in them is answered with an error. Microsoft's own sign-in in your browser stays.`,
		Example:           "  mm sign-out Contoso-GA",
		Args:              exactArgs(1),
		ValidArgsFunction: completeName(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			pool, s, release, err := signingPool(cmd, e)
			if err != nil {
				return err
			}
			release() // Ctrl-C has its usual effect
			defer pool.Close()
			before, err := pool.Status(cmd.Context())
			if err != nil {
				return err
			}
			was, err := pool.SignOut(cmd.Context(), args[0])
			if err != nil {
				return s.failed(err)
			}
			fmt.Fprintln(s.stdout, signedOutText(args[0], was, before))
			return nil
		},
	}
}

// signedOutText says what a sign-out ended.
func signedOutText(name string, was bool, before mm.PoolStatus) string {
	if !was {
		return plain(name) + " was not signed in."
	}
	as, modules := "", []string{}
	for _, a := range before.Accounts {
		if strings.EqualFold(a.Connection, name) && a.Account.Username != "" {
			as = " as " + plain(a.Account.Username)
		}
	}
	for _, s := range before.Sessions {
		if strings.EqualFold(s.ID.Connection, name) && s.State != mm.StateReady && s.State != mm.StateStopped {
			modules = append(modules, string(s.ID.Module))
		}
	}
	text := plain(name) + as + " is signed out: no tokens of it are left here."
	if len(modules) > 0 {
		text += " Ended sessions: " + strings.Join(modules, ", ") + "."
	}
	return text
}
