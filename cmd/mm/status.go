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
		Short: "Show the daemon's sessions, and who is signed in",
		Long: `Show the accounts that are signed in and the daemon's sessions: what runs, and what is wrong. The sessions and graph requests of
a connection share its account as far as its app allows; its tokens are renewed without you. It starts no daemon; exit code 5
says that none runs. --json prints what GET /status of the pool API answers.`,
		Example:           "  mm status\n  mm status --json | jq '.sessions[] | select(.authenticated) | .session_id'",
		Args:              exactArgs(0),
		ValidArgsFunction: cobra.NoFileCompletions,
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
				return writeJSON(cmd.OutOrStdout(), wire.EncodeStatus(status))
			}
			return showStatus(screenOn(cmd.OutOrStdout()), status, time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// writeJSON writes an answer of the pool API indented.
func writeJSON(w io.Writer, answer []byte) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(json.RawMessage(answer))
}

// stateColumn is where showStatus has the state.
const stateColumn = 1

func showStatus(s screen, status mm.PoolStatus, now time.Time) error {
	for _, n := range status.Notes {
		fmt.Fprintln(s, s.yellow("Note: "+plain(n)))
	}
	if len(status.Accounts) > 0 {
		if err := showAccounts(s, status.Accounts, now); err != nil {
			return err
		}
		fmt.Fprintln(s)
	}
	if len(status.Sessions) == 0 {
		_, err := fmt.Fprintln(s, "No sessions yet; the first command of a connection and module starts one: see `mm run --help`.")
		return err
	}
	rows := [][]string{{"SESSION", "STATE", "ACCOUNT", "LAST COMMAND", "WAITING", "PID", "ERROR"}}
	for _, s := range status.Sessions {
		state := string(s.State)
		if s.Busy {
			state += ", busy"
		}
		rows = append(rows, []string{plain(s.ID.String()), state, orDash(s.AuthenticatedAs), ago(s.LastCommand, now),
			strconv.Itoa(s.Queued), orDash(pidText(s.PID)), fitLine(plain(s.LastError), 80)})
	}
	return paintedTable(s, rows, func(row, column int, cell string) string {
		switch {
		case row == 0:
			return s.bold(cell)
		case column == stateColumn:
			return paintState(s, status.Sessions[row-1].State, cell)
		}
		return cell
	})
}

// accountWords are the states of accounts for people.
var accountWords = map[mm.AccountState]string{
	mm.AccountUnknown: "not signed in", mm.AccountSigning: "waits for a person", mm.AccountSignedIn: "signed in",
}

// showAccounts shows the sign-ins that sessions and graph requests share.
func showAccounts(s screen, accounts []mm.AccountStatus, now time.Time) error {
	rows := [][]string{{"CONNECTION", "SIGN-IN", "ACCOUNT", "TOKENS UNTIL"}}
	for _, a := range accounts {
		until := "-"
		if !a.Until.IsZero() {
			until = untilText(a.Until, now)
		}
		rows = append(rows, []string{plain(a.Connection), accountWords[a.State], orDash(a.Account.Username), until})
	}
	return paintedTable(s, rows, func(row, column int, cell string) string {
		switch {
		case row == 0:
			return s.bold(cell)
		case column == stateColumn && accounts[row-1].State == mm.AccountSignedIn:
			return s.green(cell)
		case column == stateColumn && accounts[row-1].State == mm.AccountSigning:
			return s.yellow(cell)
		}
		return cell
	})
}

// paintState is a state in the colour of what is to be done about it: nothing, sign in, look.
func paintState(s screen, state mm.State, cell string) string {
	switch state {
	case mm.StateAuthenticated:
		return s.green(cell)
	case mm.StateAuthPending:
		return s.yellow(cell)
	case mm.StateError:
		return s.red(cell)
	}
	return cell
}

// ago says how long ago something was; a dash where it never was.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return span(now.Sub(t)) + " ago"
}

// span is a duration to the second.
func span(d time.Duration) string { return max(0, d).Round(time.Second).String() }

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
