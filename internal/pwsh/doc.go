// Package pwsh starts PowerShell processes and talks to them.
//
// A Launcher is an mm.Launcher: it starts the user's pwsh with a small C# host in it (folder host), which pwsh itself
// compiled once, and returns the Engine at the other end of a unix socket. Attach makes an Engine of any connection that
// speaks the frames of package frame, so that a stand-in can take PowerShell's place.
//
// # What is guaranteed
//
// No method of an Engine blocks. Requests reach the process in the order in which they were made. Events come one at a time
// and in order; the last is Exited, exactly once, and then the process, its process group and its zombie are gone.
// An answer is passed on only under an id that is waiting for it; everything else that arrives is dropped and counted.
// What the process writes to its standard output and error before a result is sent belongs to that result, and never to
// another's.
package pwsh
