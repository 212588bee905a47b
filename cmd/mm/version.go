package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

// versionLimit is how long `mm version` waits for a daemon to tell its own.
const versionLimit = 2 * time.Second

func versionCommand(e *environ) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and that of the daemon that runs",
		Long: `Print the version of this program, and that of the daemon where one runs: they differ after an update until the daemon is
started anew. It starts no daemon.`,
		Example:           "  mm version\n  mm version --json",
		Args:              exactArgs(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Version: versionText(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			v.askDaemon(cmd.Context(), e)
			if asJSON {
				text, err := json.Marshal(v)
				if err != nil {
					return err
				}
				return writeJSON(cmd.OutOrStdout(), text)
			}
			return v.show(cmd.OutOrStdout(), time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// versions are those of this program and of the daemon; Daemon is nil where none answers, and its PID 0 where only its
// version is known.
type versions struct {
	Version  string      `json:"version"`
	Go       string      `json:"go"`
	Platform string      `json:"platform"`
	Daemon   *wire.About `json:"daemon"`
	problem  error       // why there is no daemon
}

// askDaemon asks the daemon what it is. One that is reached by an address tells only its version.
func (v *versions) askDaemon(ctx context.Context, e *environ) {
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	pool, err := e.pool()
	if err != nil {
		v.problem = err
		return
	}
	defer pool.Close()
	version, err := pool.Health(ctx)
	if err != nil {
		v.problem = err
		return
	}
	v.Daemon = &wire.About{Version: version}
	if about, err := pool.About(ctx); err == nil {
		v.problem = json.Unmarshal(wire.EncodeAbout(about), v.Daemon)
	}
}

func (v *versions) show(w io.Writer, now time.Time) error {
	daemon := "none runs"
	switch e := (*mm.Error)(nil); {
	case v.Daemon != nil:
		daemon = describeDaemon(*v.Daemon, now)
	case v.problem != nil && (!errors.As(v.problem, &e) || e.Executed != mm.ExecutedNo):
		daemon = plain(v.problem.Error())
	}
	_, err := fmt.Fprintf(w, "mm %s %s %s\ndaemon: %s\n", v.Version, v.Go, v.Platform, daemon)
	return err
}

func describeDaemon(a wire.About, now time.Time) string {
	text := "version " + plain(a.Version)
	if a.Version == "" {
		text = "version unknown, older than this program"
	}
	if a.PID != 0 {
		text += fmt.Sprintf(", pid %d", a.PID)
	}
	if started, err := time.Parse(time.RFC3339, a.Started); err == nil && !started.IsZero() {
		text += ", started " + ago(started, now)
	}
	if a.Background {
		text += ", in the background"
	}
	if a.Log != "" {
		text += ", logs to " + plain(a.Log)
	}
	return text
}
