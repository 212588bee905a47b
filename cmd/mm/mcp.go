package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/microsoft-master/mm/mcp"
)

// parentPoll is how often `mm mcp` looks whether its host still lives; the end of standard input mostly tells first.
const parentPoll = time.Second

var errHostGone = errors.New("the MCP host is gone")

func mcpCommand(e *environ) *cobra.Command {
	return &cobra.Command{
		Use:   "mcp",
		Short: "Serve MCP on standard input and output, for assistants",
		Long: "Serve MCP on standard input and output. It holds no state: the daemon does, and is started with the first tool call\n" +
			"where none runs (MM_SESSION_POOL_URL names one elsewhere). It ends with its input, and its commands go on.",
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// A host that closed its end is an error of the write, not a signal that kills.
			signal.Ignore(syscall.SIGPIPE)
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			ctx, end := context.WithCancelCause(ctx)
			defer end(nil)
			go watchParent(ctx, os.Getppid(), func() { end(errHostGone) })
			err := mcp.New(lazily(e, e.read), mcp.Config{Version: versionText()}).Serve(ctx, os.Stdin, os.Stdout)
			if ctx.Err() != nil {
				return nil // a signal, or nobody left to tell
			}
			return err
		},
	}
}

// watchParent calls gone when this process has another parent than that.
func watchParent(ctx context.Context, parent int, gone func()) {
	tick := time.NewTicker(parentPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				gone()
				return
			}
		}
	}
}
