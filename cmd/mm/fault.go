package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func faultCommand(e *environ) *cobra.Command {
	var fault sandbox.Fault
	var clear bool
	cmd := &cobra.Command{
		Use:   "fault [TARGET KIND]",
		Short: "Show, set or clear the faults of the sandbox that this is run in",
		Long: `Show, set or clear the faults of the sandbox that this is run in. They are in force at once.

TARGET is a command: MODULE/COMMAND, MODULE/* or *, with CONNECTION: before it for one connection only.
KIND is then one of ` + kinds(sandbox.FaultKinds()) + `.

Or it is a request to a service, entra, graph or flow: SERVICE/REQUEST or SERVICE/*, with CONNECTION: before it, too. Requests to
graph and flow are a path without version (me/messages), all below it (me/*), a method (POST), or both ('GET me/messages');
those to entra are devicecode, token, refresh, authorize, page, logout, metadata and keys, alone or with an audience: 'refresh
exchange'. KIND is then one of ` + kinds(sandbox.RequestFaultKinds("graph")) + `
(entra: not the last two, but revoked), any status as HTTP503, whose --seconds are its Retry-After, and for entra any refusal
as AADSTS50076.`,
		Example: `  mm sandbox fault exo/Get-Mailbox slow --seconds 5
  mm sandbox fault graph/me/messages HTTP429 --seconds 2 --times 1
  mm sandbox fault 'Contoso-GA:entra/refresh exchange' AADSTS65001
  mm sandbox fault 'Fabrikam-GA:exo/*' expired --times 1
  mm sandbox fault --clear`,
		Args: betweenArgs(0, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			board, err := switchboard(e)
			if err != nil {
				return err
			}
			switch {
			case clear && len(args) < 2:
				return board.Clear(args...)
			case !clear && len(args) == 2:
				fault.Kind = sandbox.FaultKind(args[1])
				if err := board.Set(args[0], fault); err != nil {
					return usageError{err}
				}
				return nil
			case clear || len(args) == 1:
				return usageError{errors.New("name a target and a kind, or a target with --clear")}
			}
			faults, err := board.Faults()
			if err != nil {
				return err
			}
			for _, target := range slices.Sorted(maps.Keys(faults)) {
				fmt.Fprintln(cmd.OutOrStdout(), target, faultLine(faults[target]))
			}
			return nil
		},
	}
	cmd.Flags().Float64Var(&fault.Seconds, "seconds", 0, "how long slow, hang, thread-sleep, no-code and stall last (default: by kind)")
	cmd.Flags().StringVar(&fault.Account, "account", "", "who signs in with wrong-account (default: another of the tenant)")
	cmd.Flags().IntVar(&fault.Times, "times", 0, "how often it happens (default: always)")
	cmd.Flags().BoolVar(&clear, "clear", false, "remove the fault of TARGET, or all")
	return cmd
}

// switchboard finds the sandbox by the registry: its connections say where it is.
func switchboard(e *environ) (*sandbox.Switchboard, error) {
	s, err := e.read()
	if err != nil {
		return nil, err
	}
	for _, c := range registry.Open(s.Registry).Read().Connections {
		if c.Sandbox != nil {
			return sandbox.OpenSwitchboard(c.Sandbox.Dir), nil
		}
	}
	return nil, fmt.Errorf("%s has no connection of a sandbox; run this inside of `mm sandbox -- bash`", s.Registry)
}

func kinds(list []sandbox.FaultKind) string {
	var names []string
	for _, k := range list {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func faultLine(f sandbox.Fault) string {
	line := string(f.Kind)
	if f.Seconds > 0 {
		line += fmt.Sprintf(", %g s", f.Seconds)
	}
	if f.Account != "" {
		line += ", as " + f.Account
	}
	if f.Times > 0 {
		line += fmt.Sprintf(", %d times", f.Times)
	}
	return line
}
