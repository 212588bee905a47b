package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

func metricsCommand(e *environ) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Show what the daemon counted since it started",
		Long: `Show what the daemon counted since it started: requests, errors, sign-ins, how long answers took, and how sessions are kept
signed in. It starts no daemon. --json prints what GET /metrics of the pool API answers.`,
		Example:           "  mm metrics\n  mm metrics --json | jq .error_rate",
		Args:              exactArgs(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pool, err := e.pool()
			if err != nil {
				return err
			}
			defer pool.Close()
			m, err := pool.Metrics(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), wire.EncodeMetrics(m))
			}
			return showMetrics(cmd.OutOrStdout(), m, time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showMetrics(w io.Writer, m mm.Metrics, now time.Time) error {
	answers := "-"
	if m.Responses > 0 {
		answers = fmt.Sprintf("%s on average, of the last %d", m.AverageResponse.Round(time.Millisecond), m.Responses)
	}
	requests := fmt.Sprint(m.Requests)
	if m.Requests > 0 {
		requests += fmt.Sprintf(", %d failed (%.1f %%)", m.Errors, 100*float64(m.Errors)/float64(m.Requests))
	}
	signedIn := 0
	for _, s := range m.Sessions {
		if s.State == mm.StateAuthenticated {
			signedIn++
		}
	}
	keepalive := "off"
	if k := m.Keepalive; k.Interval > 0 {
		keepalive = fmt.Sprintf("every %s: %s, %d failed", span(k.Interval), count(int(k.Pings), "ping"), k.Failures)
	}
	rows := [][]string{
		{"Uptime", span(m.Uptime)},
		{"Requests", requests},
		{"Answers", answers},
		{"Sign-ins", fmt.Sprint(m.SignIns)},
		{"Sessions", fmt.Sprintf("%d, %d signed in", len(m.Sessions), signedIn)},
		{"Keepalive", keepalive},
	}
	byName := func(a, b mm.SessionID) int { return cmp.Compare(a.String(), b.String()) }
	for _, id := range slices.SortedFunc(maps.Keys(m.Keepalive.LastPings), byName) {
		rows = append(rows, []string{"", plain(id.String()) + ", last ping " + ago(m.Keepalive.LastPings[id], now)})
	}
	return table(w, rows)
}
