// Package sandbox is a tenant to try things on: stand-ins for what nobody can run at home (Entra, Microsoft Graph, Power Automate
// and the four PowerShell modules), with three tenants of fictitious people, so that every path of mm can be walked without an
// account.
//
//   - Package directory has the data: plain Go values, the same in every run. Connections are the registry's.
//   - Entra behaves like Microsoft's v2.0 endpoints: device codes (RFC 8628) with a page on which a person types the code,
//     authorization codes with PKCE, refresh tokens that rotate, consent by app and audience, tokens signed by RS256. It can be
//     used in process, over HTTP (the modules) and over TLS (Microsoft's own libraries, see msaltest).
//   - Packages graph and automate are Graph and Power Automate, over TLS. What is sent there is recorded: Sandbox.Sent.
//   - Switchboard makes commands slow, hang, fail or die, and requests slow, throttled, refused or broken, while they run, from
//     outside.
//   - The modules are PowerShell modules under their real names. They take the parameters, print on the streams and fail with
//     the texts of the real ones.
//   - Start puts all of it into one folder with a HOME of its own.
//
// Nothing here talks to Microsoft, and nothing here listens on other than loopback addresses. The certificate authority is made
// anew at each start, may vouch for this computer only, and its key is thrown away.
package sandbox
