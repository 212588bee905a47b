package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A boardRow is one connection on the board of `mm sign-in --all`.
type boardRow struct {
	name   string
	status mm.AccountStatus
	err    error  // why nobody is signed in
	note   string // why nobody was asked to
}

// signInAll signs in to all connections that can, one after the other, and shows the board.
func (s *signer) signInAll(ctx context.Context, list interface {
	Connections(context.Context) ([]mm.Connection, error)
}) error {
	all, err := list.Connections(ctx)
	if err != nil && len(all) == 0 {
		return err
	}
	if len(all) == 0 {
		return usageError{errors.New("there are no connections; add one with `mm connections add NAME`")}
	}
	rows := make([]boardRow, len(all))
	left, failed := false, false
	for i, c := range all {
		rows[i].name = c.Name
		switch {
		case c.AppID == "" || c.TenantOrID() == "":
			rows[i].note = "has no app of its own: each module signs in with its first command"
			continue
		case left:
			rows[i].note = "left for later"
			continue
		}
		fmt.Fprintf(s.stderr, "%s %s\n", s.stderr.bold(fmt.Sprintf("[%d/%d]", i+1, len(all))), plain(c.Name))
		var asked bool
		rows[i].status, asked, rows[i].err = s.signIn(ctx, c.Name)
		var gone exit
		switch {
		case errors.As(rows[i].err, &gone):
			left, rows[i].err, rows[i].note = true, nil, "left for later"
		case rows[i].err != nil:
			failed = true
			_ = s.failed(rows[i].err) // the board goes on
		case asked:
			fmt.Fprintf(s.stderr, "      signed in as %s\n", orDash(rows[i].status.Account.Username))
		}
	}
	if err := s.board(rows, time.Now()); err != nil {
		return err
	}
	switch {
	case failed:
		return exit(exitFailed)
	case left:
		return exit(exitSignIn)
	}
	return nil
}

// board shows who is signed in, and until when.
func (s *signer) board(rows []boardRow, now time.Time) error {
	table := [][]string{{"CONNECTION", "ACCOUNT", "SIGNED IN"}}
	for _, r := range rows {
		state := "until " + untilText(r.status.Until, now)
		switch {
		case r.err != nil:
			state = "no: " + fitLine(plain(r.err.Error()), 80)
		case r.note != "":
			state = "no: " + r.note
		}
		table = append(table, []string{plain(r.name), orDash(r.status.Account.Username), state})
	}
	fmt.Fprintln(s.stderr)
	return paintedTable(s.stdout, table, func(row, column int, cell string) string {
		switch {
		case row == 0:
			return s.stdout.bold(cell)
		case column < 2:
			return cell
		case rows[row-1].err != nil:
			return s.stdout.red(cell)
		case rows[row-1].note != "":
			return s.stdout.yellow(cell)
		}
		return s.stdout.green(cell)
	})
}

// untilText is when the tokens at hand end, as a clock here shows it.
func untilText(t, now time.Time) string {
	if t.IsZero() || t.Before(now) {
		return "renewed when needed"
	}
	t = t.In(now.Location())
	layout := "15:04"
	if t.Sub(now) > 20*time.Hour {
		layout = "2006-01-02 15:04"
	}
	return t.Format(layout) + ", then renewed by itself"
}
