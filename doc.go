// Package mm holds the nouns of Microsoft Master and the contracts between its rooms: what a connection, a session, a
// command and its outcome are, what every front door offers (Service, Admin), and what the actors need from outside
// (Launcher, Registry). It contains no machinery and imports the standard library only.
//
// # Guarantees
//
// Every request that Service.Run accepts is answered exactly once, whatever happens to the PowerShell process, the session
// or the caller; the answer says whether the command was executed (Executed: no, yes or maybe).
//
// All types here are plain data. A value that was sent in a message, an event or an outcome is never changed afterwards, by
// nobody; so everything may be shared between goroutines and could cross a process boundary.
//
// Secrets (tokens, passwords) travel only as Secret, which prints as [redacted] everywhere.
package mm
