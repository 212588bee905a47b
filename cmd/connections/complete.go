package connections

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/microsoft-master/mm/internal/registry"
)

// Names lists the connections of the registry at path that can be used, sorted, for shell completion. Where the registry cannot
// be read it is empty. It takes 0.1 s at most.
func Names(path string) []string {
	return slices.Sorted(maps.Keys(registry.Open(path).Read().Connections))
}

// completeName completes the first argument as a connection's name, those included that cannot be used: they are there to be
// mended.
func (p *program) completeName(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	path, err := p.registry()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	draft, _, err := registry.View(path)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := draft.Names()
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeEdit completes a connection's name, a field, and a value where few are possible.
func (p *program) completeEdit(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return p.completeName(cmd, args, word)
	case 1:
		var list []cobra.Completion
		for _, k := range keys {
			list = append(list, cobra.CompletionWithDesc(k.name, k.about))
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	case 2:
		k, _ := knownKey(args[1])
		return k.choices, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
