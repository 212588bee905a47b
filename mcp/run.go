package mcp

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	mm "github.com/microsoft-master/mm"
)

// run handles tools/call of the tool run. Its error is always nil: failures are results that a model can read.
func (s *Server) run(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if busy := refusedAsTooMany(ctx); busy != nil {
		return refused(busy).result(), nil
	}
	args, bad := decodeRun(req.Params.RawArguments)
	if bad != nil {
		return refused(bad).result(), nil
	}
	if args.connection == "" && args.module == "" && args.command == "" {
		return s.list(ctx, args.maxChars).result(), nil
	}
	if args.connection == "" || args.module == "" || args.command == "" {
		return refused(mm.Errorf(mm.BadRequest, "", "connection, module, and command are all required")).result(), nil
	}
	module, ok := mm.ParseModule(args.module)
	if !ok {
		return refused(mm.Errorf(mm.UnknownModule, "Modules: exo, pnp, azure, teams.", "Unknown module: %s", args.module)).result(), nil
	}
	if no := s.allowed(ctx, args.connection); no != nil {
		return refused(no).result(), nil
	}
	want := mm.Want{Format: mm.FormatText, MaxChars: args.maxChars}
	if args.format != mm.FormatText {
		// The text beside objects is one summarising line, so rendering it would be for nothing.
		want = mm.Want{Format: mm.FormatJSON}
	}
	cmd := mm.Command{
		RequestID: s.requestID(args.requestID),
		Session:   mm.SessionID{Connection: args.connection, Module: module},
		Text:      args.command,
		Caller:    caller(ctx),
		Timeout:   args.timeout,
		Want:      want,
	}
	report, done := s.reporter(ctx, req.Params.Meta)
	out := s.stopping(ctx, cmd.RequestID, func(ctx context.Context) mm.Outcome { return s.svc.Run(ctx, cmd, report) })
	done()
	return renderOutcome(out, args, time.Now()).result(), nil
}
