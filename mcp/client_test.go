package mcp

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// A real client understands what is sent, over both transports.
func TestARealClientRunsCommands(t *testing.T) {
	for name, dial := range map[string]func(*testing.T, *Server) *client.Client{
		"in process": func(t *testing.T, s *Server) *client.Client {
			c, err := client.NewInProcessClient(s.MCP())
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		"over pipes": func(t *testing.T, s *Server) *client.Client {
			inR, inW := io.Pipe()
			outR, outW := io.Pipe()
			served := make(chan error, 1)
			go func() { served <- s.Serve(context.Background(), inR, outW); outW.Close() }()
			t.Cleanup(func() {
				inW.Close()
				if err := <-served; err != nil {
					t.Error(err)
				}
			})
			return client.NewClient(transport.NewIO(outR, inW, io.NopCloser(strings.NewReader(""))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
			c := dial(t, New(svc, Config{Version: "1"}))
			defer c.Close()
			ctx := t.Context()
			if err := c.Start(ctx); err != nil {
				t.Fatal(err)
			}
			var init mcp.InitializeRequest
			init.Params.ProtocolVersion = "2025-11-25"
			init.Params.ClientInfo = mcp.Implementation{Name: "real client"}
			if got, err := c.Initialize(ctx, init); err != nil || got.ServerInfo.Name != "mm" {
				t.Fatalf("%+v, %v", got, err)
			}
			tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
			if err != nil || len(tools.Tools) != 2 || tools.Tools[0].Name != "graph_request" || tools.Tools[1].Name != "run" {
				t.Fatalf("%+v, %v", tools, err)
			}
			var req mcp.CallToolRequest
			req.Params.Name = "run"
			req.Params.Arguments = map[string]any{"connection": "Contoso-GA", "module": "exo", "command": "Get-Mailbox"}
			got, err := c.CallTool(ctx, req)
			if err != nil || got.IsError || got.Content[0].(mcp.TextContent).Text != "Ada" {
				t.Fatalf("%+v, %v", got, err)
			}
			if cmds := svc.asked(); cmds[0].Caller != "mcp/real client" {
				t.Errorf("caller %q", cmds[0].Caller)
			}
		})
	}
}
