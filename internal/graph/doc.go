// Package graph sends requests to Microsoft Graph and Power Automate, and makes answers of what comes back that fit a model.
//
// # One request's way
//
// Prepare normalises a request (package normal) and compiles its jq expression; what it returns is judged and then handed to
// Do. Do gets a token, sends, and reads:
//
//   - run.go: one call from its token to its answer; attempt.go: one HTTP request with renewals, waits and redirects.
//   - answer.go: what kind of answer it is; list.go: JSON, read as a stream, so that only what fits is kept; pages.go: following
//     a list; batch.go: throttled parts; jq.go and jqguard.go: selecting; download.go and upload.go: files.
//   - failure.go, remedy.go, redact.go: what an answer of 400 and above says to a person.
//
// # Guarantees
//
// The token goes to the host of the resource only, never along a redirect or an upload address, and into no error or log. A
// request that may have had an effect is never sent twice by mm itself: only GET, HEAD, PUT and DELETE are repeated, only after
// 429 and 503 (GET and HEAD also after 504), as often and as late as the service asks, within the time of the request. A
// 401 is answered by one renewal of the token. Everything that is read has a bound, and files never overwrite others.
//
// Executed in an error: no for a GET or HEAD, which change nothing; else no where the service refused or nothing left this
// machine, yes where it said that it did, maybe otherwise.
//
// Sources: Microsoft's pages on throttling, paging, batching, large file uploads, continuous access evaluation and errors of
// Graph; RFC 9110.
package graph
