// Command mm-connections lists and changes the connection registry, as `mm connections` does.
package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/cmd/connections"
)

const name = "mm-connections"

func main() {
	root := connections.Command(name, name, home)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return mm.Errorf(mm.BadRequest, "See `"+cmd.CommandPath()+" --help`.", "Wrong flags: %v.", err)
	})
	os.Exit(connections.ExitCode(os.Stderr, name, root.ExecuteContext(context.Background())))
}

// home returns the user's home folder.
func home() (string, error) {
	dir := os.Getenv("HOME")
	if !filepath.IsAbs(dir) {
		return "", mm.Errorf(mm.BadRequest, "Set it to the absolute path of your home folder.", "HOME is %q.", dir)
	}
	return dir, nil
}
