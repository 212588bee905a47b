package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
)

// shells are those that cobra writes completions for.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
	{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

func shellNames() []string {
	names := make([]string, len(shells))
	for i, s := range shells {
		names[i] = s.name
	}
	return names
}

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes mm's commands in your shell",
		Long: `Print a script that completes mm's commands, flags, connections and modules in your shell. Completing starts no daemon.

  bash        echo 'source <(mm completion bash)' >> ~/.bashrc
  zsh         mm completion zsh > "${fpath[1]}/_mm"
  fish        mm completion fish > ~/.config/fish/completions/mm.fish
  powershell  mm completion powershell >> $PROFILE`,
		Example: "  source <(mm completion bash)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one shell: " + strings.Join(shellNames(), ", "))}
			}
			return nil
		},
		ValidArgs: shellNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells {
				if s.name == args[0] {
					return s.write(cmd.Root(), cmd.OutOrStdout())
				}
			}
			return usageError{fmt.Errorf("unknown shell %q; there are %s", args[0], strings.Join(shellNames(), ", "))}
		},
	}
}

// completeSession completes CONNECTION and MODULE from the registry's file, and nothing after them. It asks no daemon and
// is silent where the registry cannot be read.
func completeSession(e *environ) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var list []cobra.Completion
		add := func(name, about string) {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(typed)) {
				list = append(list, cobra.CompletionWithDesc(name, about))
			}
		}
		switch len(args) {
		case 0:
			if s, err := e.read(); err == nil {
				for name, c := range registry.Open(s.Registry).Read().Connections {
					add(name, plain(c.Description))
				}
			}
		case 1:
			for _, m := range mm.Modules() {
				add(string(m), moduleNames[m])
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// moduleNames say what the modules' short names stand for.
var moduleNames = map[mm.Module]string{
	mm.Exchange: "Exchange Online", mm.SharePoint: "SharePoint (PnP)", mm.Azure: "Azure", mm.Teams: "Microsoft Teams",
}
