// Package mcp is the front door for assistants: an MCP server that carries tool calls to an mm.Service and its outcomes back.
//
// # Guarantees
//
// The server holds no state of its own. Standard output carries protocol messages and nothing else. The Service is not
// touched before a tool is called, so initialize and tools/list are answered without a daemon.
//
// Every request is answered once, except a call that the client cancelled: MCP wants no answer there. A cancelled call stops
// its command. The end of standard input leaves commands running; the answers name their request ids, and a call with that
// request_id, from any process, finds the result. Two calls without one are two commands, even where they are alike.
//
// What is no message is answered with a JSON-RPC error that says why, under its id wherever one can be found, and the session
// goes on. Before initialize everything is answered; the stateless revision 2026-07-28 has none. Batches are refused.
//
// A result says the same in content and in structuredContent, because some hosts show a model only one of them. isError is
// set for every failure; a device code is not one, nor is a command that waits for a person's word. max_chars covers the text
// and the objects or data together, and what continues a list; what was left out is said at the end.
//
// # The way of a message
//
// lines.go cuts the input into lines, envelope.go reads what they are, stdio.go orders them and runs calls beside each other,
// mcp-go dispatches. arguments.go and grapharguments.go read what models write, run.go and graph.go ask the Service by way of
// call.go, render.go and rendergraph.go make the outcome an answer, cut.go and items.go make it fit. session.go writes.
package mcp
