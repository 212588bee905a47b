package mcp

import (
	"crypto/rand"
	"strings"

	"github.com/mark3labs/mcp-go/server"

	mm "github.com/microsoft-master/mm"
)

// Name is the server's name in MCP, and the one that a connection's mcps field lists.
const Name = "mm"

// Config says how a Server introduces itself.
type Config struct {
	Version string        // of mm, for initialize
	NewID   func() string // makes request ids, for tests; nil: random ones
}

// A Server offers the tools run and graph_request on a Service.
type Server struct {
	svc   mm.Service
	newID func() string
	mcp   *server.MCPServer
	// limits are those of Serve.
	limits limits
}

// New makes a server. svc is not used before the first tool call.
func New(svc mm.Service, cfg Config) *Server {
	s := &Server{svc: svc, newID: cfg.NewID, limits: defaultLimits}
	if s.newID == nil {
		s.newID = randomID
	}
	s.mcp = server.NewMCPServer(Name, cfg.Version,
		server.WithTitle("Microsoft Master"),
		server.WithToolCapabilities(false),
		server.WithRecovery(),
	)
	s.mcp.AddTool(runTool(), s.run)
	s.mcp.AddTool(graphTool(), s.graph)
	return s
}

// MCP returns the protocol server, for transports other than Serve.
func (s *Server) MCP() *server.MCPServer { return s.mcp }

// idPrefix begins the request ids that this package makes.
const idPrefix = "mcp-"

func randomID() string { return idPrefix + strings.ToLower(rand.Text()) }

// isOurID reports whether id has the form of randomID. A model that makes up its own, 1 say, would use it again and get the
// answer to an earlier call.
func isOurID(id string) bool {
	name, ours := strings.CutPrefix(id, idPrefix)
	return ours && len(name) == 26 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
