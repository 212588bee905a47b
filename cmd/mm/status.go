package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

func statusCommand(e *environ) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the daemon's sessions",
		Long:  "Show the daemon's sessions. It does not start a daemon; exit code 5 says that none runs.",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			pool, err := e.pool()
			if err != nil {
				return err
			}
			defer pool.Close()
			status, err := pool.Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), json.RawMessage(wire.EncodeStatus(status)))
			}
			return showStatus(cmd.OutOrStdout(), status, time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showStatus(w io.Writer, status mm.PoolStatus, now time.Time) error {
	for _, n := range status.Notes {
		fmt.Fprintln(w, "Note:", n)
	}
	if len(status.Sessions) == 0 {
		_, err := fmt.Fprintln(w, "No sessions yet; the first command of a connection and module starts one.")
		return err
	}
	rows := [][]string{{"SESSION", "STATE", "ACCOUNT", "LAST COMMAND", "WAITING", "PID", "ERROR"}}
	for _, s := range status.Sessions {
		state := string(s.State)
		if s.Busy {
			state += ", busy"
		}
		last := "-"
		if !s.LastCommand.IsZero() {
			last = now.Sub(s.LastCommand).Round(time.Second).String() + " ago"
		}
		rows = append(rows, []string{s.ID.String(), state, orDash(s.AuthenticatedAs), last,
			strconv.Itoa(s.Queued), orDash(pidText(s.PID)), fitLine(plain(s.LastError), 80)})
	}
	return table(w, rows)
}

func pidText(pid int) string {
	if pid == 0 {
		return ""
	}
	return strconv.Itoa(pid)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return plain(s)
}
