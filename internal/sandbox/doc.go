// Package sandbox is a tenant to try things on: stand-ins for what nobody can run at home (Entra and the four PowerShell
// modules), with three tenants of fictitious people, so that every path of mm can be walked without an account.
//
//   - Tenants and Connections are the data: plain Go values, the same in every run.
//   - Entra behaves like Microsoft's device code endpoints (RFC 8628), with a page on which a person types the code. It can be
//     used in process or over HTTP.
//   - Switchboard makes commands slow, hang, fail or die, while they run, from outside.
//   - The modules are PowerShell modules under their real names. They take the parameters, print on the streams and fail with
//     the texts of the real ones.
//   - Start puts all of it into one folder with a HOME of its own.
//
// Nothing here talks to Microsoft, and nothing here listens on other than loopback addresses.
package sandbox
