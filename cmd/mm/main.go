// Command mm is Microsoft Master: the daemon that holds PowerShell sessions for Microsoft 365, its MCP front end, and the
// command line for people. It holds wiring only; every subcommand is one file.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

// version is set by the linker in releases.
var version = ""

func main() { os.Exit(execute(context.Background(), os.Args[1:])) }

// execute runs the command line and returns the process's exit code.
func execute(ctx context.Context, args []string) int {
	root := rootCommand(newEnviron())
	root.SetArgs(args)
	return exitCode(os.Stderr, root.ExecuteContext(ctx))
}

func rootCommand(e *environ) *cobra.Command {
	root := &cobra.Command{
		Use:   "mm",
		Short: "Microsoft Master: signed-in PowerShell sessions for Microsoft 365",
		Long: `Microsoft Master: signed-in PowerShell sessions for Microsoft 365.

A connection is a tenant and the account that signs in there; a module is exo, pnp, azure or teams. A daemon in the background
holds one PowerShell for each pair, so you sign in once, and every terminal, script and assistant on this machine uses it.

Begin with 'mm connections add NAME', then 'mm run NAME exo Get-Mailbox --wait'; or with 'mm demo', which needs no tenant.`,
		Example: `  mm run Contoso-GA exo 'Get-Mailbox -ResultSize 5' --wait
  mm run Contoso-GA exo Get-Mailbox --csv mailboxes.csv
  mm status`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionText(),
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("mm {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCommand())
	const about = "This program:"
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Work:", []*cobra.Command{runCommand(e), graphCommand(e), signInCommand(e), signOutCommand(e), connectionsCommand(e), statusCommand(e),
			resetCommand(e)}},
		{"The daemon and its front ends:", []*cobra.Command{serveCommand(e), stopCommand(e), mcpCommand(e), metricsCommand(e)}},
		{"Without a tenant:", []*cobra.Command{demoCommand(e), sandboxCommand(e)}},
		{about, []*cobra.Command{versionCommand(e), completionCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(about)
	return root
}

// noSuchCommand says that the first argument is none of mm's commands, and which one may be meant.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		meant = fmt.Sprintf(" (did you mean `%s %s`?)", cmd.CommandPath(), like[0])
	}
	return usageError{fmt.Errorf("unknown command %q%s; `%s --help` lists them", args[0], meant, cmd.CommandPath())}
}

// helpCommand is `mm help`, with the exit code for usage where there is no such command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show the help of a command",
		Long:    "Show the help of a command, as `mm COMMAND --help` does; without one, the overview.",
		Example: "  mm help run",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (list []cobra.Completion, _ cobra.ShellCompDirective) {
			if of, _, err := cmd.Root().Find(args); err == nil {
				for _, c := range of.Commands() {
					if c.IsAvailableCommand() {
						list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noSuchCommand(cmd.Root(), args)
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// The exit codes, as the help of mm run lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitSignIn      = 3 // somebody has to sign in first
	exitHeld        = 4 // a person has to confirm it first
	exitUnreachable = 5 // the daemon cannot be reached
)

// A usageError is a command line that makes no sense.
type usageError struct{ error }

// An exit ends the process with a code and without a message: everything was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exitCode prints err for a person, if there is something to print, and returns the process's exit code.
func exitCode(stderr interface{ Write([]byte) (int, error) }, err error) int {
	if err == nil {
		return exitOK
	}
	var done exit
	if errors.As(err, &done) {
		return int(done)
	}
	fmt.Fprintln(stderr, "mm:", err)
	var usage usageError
	var e *mm.Error
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &e):
		return codeOf(e)
	}
	return exitFailed
}

// codeOf is the exit code of a request that failed.
func codeOf(e *mm.Error) int {
	switch e.Code {
	case mm.NodeUnreachable:
		return exitUnreachable
	case mm.BadRequest, mm.UnknownModule:
		return exitUsage
	case mm.Held:
		return exitHeld
	}
	return exitFailed
}

// exactArgs is cobra's check with the exit code for usage and the names of what is wanted.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError{fmt.Errorf("`%s` wants %s and got %d; see `%s --help`", cmd.UseLine(), count(n, "argument"), len(args), cmd.CommandPath())}
	}
}

// betweenArgs is exactArgs where some may be left out.
func betweenArgs(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && len(args) <= high {
			return nil
		}
		return usageError{fmt.Errorf("`%s` wants %d to %d arguments and got %d; see `%s --help`", cmd.UseLine(), low, high, len(args), cmd.CommandPath())}
	}
}

// versionText is the version of this program.
func versionText() string {
	info, _ := debug.ReadBuildInfo() // nil where there is none
	return versionOf(version, info)
}
