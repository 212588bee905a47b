package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
)

// signInOptions are the flags of `mm sign-in`.
type signInOptions struct {
	all        bool
	deviceCode bool
	paste      bool
	open       bool
	copy       bool
}

// method is how a person wants to sign in. Codes are quicker where there are many; a browser is taken by more tenants.
func (o signInOptions) method() mm.SignInMethod {
	if o.deviceCode || o.all && !o.open && !o.paste {
		return mm.DeviceCode
	}
	return mm.Browser
}

func signInCommand(e *environ) *cobra.Command {
	var o signInOptions
	cmd := &cobra.Command{
		Use:   "sign-in NAME | --all",
		Short: "Sign the account of a connection in, ahead of its first use",
		Long: `Sign the account of a connection in: for Graph, Power Automate and, as far as its app has consent, the sessions of all modules.
It shows an address to open in a browser on this computer, and waits until you have signed in. The daemon keeps the sign-in, so
it lasts over restarts, until the tenant's policies end it.

--paste is for a browser on another computer: at the end it is sent to an address on localhost that it cannot open; copy that
address and paste it here. --device-code shows a code to type, which many tenants refuse.

--all takes one connection after the other, by device code unless --open or --paste is given, leaves out those that are signed
in, and shows at the end who is signed in, and until when. Ctrl-C leaves the rest for later.

Exit codes: 0 signed in; 1 it failed; 2 wrong usage; 3 nobody has signed in yet; 5 the daemon cannot be reached.`,
		Example: "  mm sign-in Contoso-GA\n  mm sign-in Contoso-GA --device-code\n  mm sign-in --all --copy",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.all && len(args) > 0:
				return usageError{errors.New("--all is for all connections; leave it or NAME out")}
			case !o.all && len(args) != 1:
				return usageError{fmt.Errorf("name one connection, or --all; see `%s --help`", cmd.CommandPath())}
			}
			return exclusive(map[string]bool{"--device-code": o.deviceCode, "--paste": o.paste})
		},
		ValidArgsFunction: completeName(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			pool, s, release, err := signingPool(cmd, e)
			if err != nil {
				return err
			}
			defer release()
			defer pool.Close()
			s.options = o
			if o.paste {
				s.lines = bufio.NewReader(cmd.InOrStdin())
			}
			if o.all {
				return s.signInAll(cmd.Context(), pool)
			}
			return s.signInOne(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "sign in to all connections, one after the other")
	f.BoolVar(&o.deviceCode, "device-code", false, "show a code to type on Microsoft's page")
	f.BoolVar(&o.paste, "paste", false, "read the address that a browser elsewhere was sent to")
	f.BoolVar(&o.open, "open", false, "open the address in this desktop's browser")
	f.BoolVar(&o.copy, "copy", false, "put the code, or the address, into the terminal's clipboard")
	return cmd
}

// signingPool returns a client of this machine's daemon, started where none runs, and what signs in by it. The caller calls
// release and closes the client.
func signingPool(cmd *cobra.Command, e *environ) (pool *client.Client, s *signer, release func(), err error) {
	settings, err := e.read()
	if err != nil {
		return nil, nil, nil, err
	}
	if settings.URL != "" {
		return nil, nil, nil, usageError{fmt.Errorf("MM_SESSION_POOL_URL leads to %s, and sign-ins go over the daemon's unix socket only; "+
			"run `%s` on that machine, or unset MM_SESSION_POOL_URL to use the daemon here", settings.URL, cmd.CommandPath())}
	}
	if pool, err = dial(cmd.Context(), e, settings); err != nil {
		return nil, nil, nil, err
	}
	s = &signer{pool: pool, stdout: screenOn(cmd.OutOrStdout()), stderr: newScreen(os.Stderr), start: startBrowser}
	s.interrupts, release = catchInterrupts()
	return pool, s, release, nil
}

// completeName completes the name of one connection.
func completeName(e *environ) cobra.CompletionFunc {
	names := completeSession(e)
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cmd, args, typed)
	}
}

// signInOne signs in to one connection, and says how that ended.
func (s *signer) signInOne(ctx context.Context, name string) error {
	status, asked, err := s.signIn(ctx, name)
	var left exit
	switch {
	case errors.As(err, &left):
		return err
	case err != nil:
		return s.failed(err)
	}
	verb := "is signed in already,"
	if asked {
		verb = "is signed in"
	}
	_, err = fmt.Fprintf(s.stdout, "%s %s as %s.\n", plain(status.Connection), verb, orDash(status.Account.Username))
	return err
}

// failed says why a sign-in failed, and returns the exit code.
func (s *signer) failed(err error) error {
	e, ok := errors.AsType[*mm.Error](err)
	if !ok {
		return err
	}
	sayError(s.stderr, e, false)
	return exit(codeOf(e))
}
