// Package entra signs people in and gets tokens, by Microsoft's own library (MSAL for Go). Identity is the mm.Identity of the
// daemon.
//
// # One token's way
//
// Token opens the connection's cache in the store, which keeps every other process out, picks the account that the connection
// expects, and lets MSAL find a token or redeem the refresh token. What MSAL saves goes into the store before the lock is given
// back, so that rotating refresh tokens are never lost between processes (silent.go, shelf.go).
//
// SignIn lets MSAL work on an empty cache in memory. Only when the account and the tenant are the expected ones does it replace
// what the store has: a wrong account is never kept, and a connection's cache has one account (signin.go, device.go,
// browser.go).
//
// # What goes wrong
//
// wire.go is the one place where answers of Entra are read first. It turns whatever is no token into a refusal or a strange
// answer, so that MSAL, which puts whole answers into its errors, never sees one that it cannot read. judge.go says what a refusal
// means, by the table of aadsts.go; network.go what it means that there was no answer. Entra's own words go to the log, without
// what was sent.
package entra
