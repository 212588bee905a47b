// Package account is the state machine of a connection's one sign-in: who asks for tokens, which of them are there, which are
// being fetched, and whether a person is asked. It is pure, like package session: Next takes a state and an event, and
// returns the next state and the effects that the account actor carries out. It needs no clock: what takes too long is
// ended by whoever carries the effect out.
//
// # Guarantees
//
//   - Every Ask is ended by exactly one Give or Refuse with its id, or by Drop, whatever happens, as long as fetches and sign-ins
//     end. Tell may come before, once for each challenge.
//   - At most one fetch of an audience is under way, however many ask for it, and at most one sign-in.
//   - A token that was rejected is not given again. Of many that were rejected with the same token, the first fetches.
//   - After a change of who signs in, or a sign-out, no token from before is given.
package account
