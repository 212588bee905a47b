// Package engine is a stand-in for PowerShell: an engine in Go that speaks the protocol of package frame and knows the
// commands of the sandbox. It serves people who want to look at mm without installing PowerShell, and tests that need
// thousands of sessions. It runs for connections of the sandbox only.
//
// It is not a PowerShell interpreter. It knows statements (syntax.go): texts, numbers, variables, functions without
// parameters, loops without conditions, and commands with parameters, piped into a few that choose and print properties.
// The commands are in tables, one file per module. What it does not know it answers as PowerShell answers an unknown
// command, and says that it is a stand-in.
//
// A launcher runs thousands of engines in one process (New), so what they share is shared: the command tables and the
// tenants' data are never changed in place, and an idle engine holds no buffers. Serve runs one engine on any connection,
// for a process of its own.
package engine
