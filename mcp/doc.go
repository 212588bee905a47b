// Package mcp is the front door for assistants: an MCP server that carries tool calls to an mm.Service and its outcomes back.
//
// # Guarantees
//
// The server holds no state of its own. Standard output carries protocol messages and nothing else. The Service is not
// touched before a tool is called, so initialize and tools/list are answered without a daemon.
//
// Every tools/call is answered once, except one that the client cancelled: MCP wants no answer there. A cancelled call stops
// its command; the end of standard input leaves commands running, and a repeat with the same request id finds their answers.
//
// A result says the same in content and in structuredContent, because some hosts show a model only one of them. isError is
// set for every failure; a device code is not one.
package mcp
