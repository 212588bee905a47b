// Package session is the state machine of one PowerShell session: what to do when a request comes, a process says something,
// a deadline passes or a process dies. It is pure: no clock, no IO, no goroutine, no actor. Next takes a state, the time and
// an event, and returns the next state and the effects that somebody has to carry out; the session actor is that somebody.
//
// # Guarantees
//
//   - Every Request is answered by exactly one Reply effect with its id, whatever events follow, as long as events follow:
//     a state that owes an answer always has a Wake armed or a process whose Exited ends the wait.
//   - At most one process lives at a time: Launch is asked for only after the last one's Exited or LaunchFailed.
//   - At most one operation is under way in the process, and what carries another incarnation or id than the current is
//     dropped. The first terminal event of the current operation wins: a result that crosses a cancel is a success.
//   - No command reaches a process before the account and tenant that are signed in there were compared with the expected.
//
// # Phases
//
//	        Request                Launched            steps done, right account
//	down ───────────▶ launching ───────────▶ connecting ───────────────────────▶ idle ⇄ analyzing, running, checking
//	 ▲  ▲                                       │  ▲                              │
//	 │  │ Exited                        failed  ▼  │ Request                      │
//	 │  └────────────── ending ◀────────────── open ◀──── sign-in has ended ──────┘
//	 └── Exited at any time: error with backoff
package session
