package mcp

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	mm "github.com/microsoft-master/mm"
)

// graph handles tools/call of the tool graph_request. Its error is always nil: failures are results that a model can read.
func (s *Server) graph(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if busy := refusedAsTooMany(ctx); busy != nil {
		return refused(busy).result(), nil
	}
	args, bad := decodeGraph(req.Params.RawArguments)
	if bad != nil {
		return refused(bad).result(), nil
	}
	r := args.request
	switch nowhere := r.Endpoint == "" && r.Page == ""; {
	case nowhere && r.Connection == "":
		return s.list(ctx, args.maxChars).result(), nil
	case nowhere || r.Connection == "":
		return refused(mm.Errorf(mm.BadRequest, "", "connection and endpoint are both required")).result(), nil
	}
	if no := s.allowed(ctx, r.Connection); no != nil {
		return refused(no).result(), nil
	}
	r.RequestID, r.Caller = s.requestID(r.RequestID), caller(ctx)
	r.MaxChars = args.room()
	report, done := s.reporter(ctx, req.Params.Meta)
	out := s.stopping(ctx, r.RequestID, func(ctx context.Context) mm.Outcome { return s.svc.Graph(ctx, r, report) })
	done()
	return renderGraph(out, args, time.Now()).result(), nil
}
