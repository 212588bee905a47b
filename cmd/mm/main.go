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
		Use:           "mm",
		Short:         "Microsoft Master: signed-in PowerShell sessions for Microsoft 365",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionText(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; `mm --help` lists them", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("mm {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.AddCommand(
		serveCommand(e), mcpCommand(e),
		runCommand(e), connectionsCommand(e), statusCommand(e), resetCommand(e),
		sandboxCommand(e), demoCommand(e), versionCommand(),
	)
	return root
}

// The exit codes, as the help of mm run lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitSignIn      = 3 // somebody has to sign in first
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
	}
	return exitFailed
}

// exactArgs is cobra's check with the exit code for usage and the names of what is wanted.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError{fmt.Errorf("`%s` wants %d arguments and got %d; see `%s --help`", cmd.UseLine(), n, len(args), cmd.CommandPath())}
	}
}

// versionText is the version of the release, or of the checked out commit.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}
