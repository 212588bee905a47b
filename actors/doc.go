// Package actors is the machinery between the front doors and the PowerShell processes: a router actor, an actor per
// connection below it, an actor per session below that. Pool is the mm.Service and mm.Admin that doors in this process use.
//
//	Pool.Run ──submit──▶ router ──request──▶ connection ──session.Request──▶ session ──▶ engine
//	   ▲                 ledger               children                       machine       │
//	   └──── channel ──────┴──────answer──────────┴────────────answer────────────┴─────────┘
//
// # Guarantees
//
//   - Who owes an answer is noted where a panic of the actor that works on it cannot lose it: the connection notes what its
//     sessions owe, the router what its connections owe, the ledger (which outlives a restart of the router) what Run owes.
//     After a panic the callers get code internal, executed maybe, and the process of the session is killed; nobody else
//     notices.
//   - Receive never blocks. What blocks (launching, reading the registry) runs in goroutines that only send messages.
//   - Every event of a process carries its incarnation, a number that no other process of this program had.
//   - Messages are immutable plain data, but for submit, which carries the channels of a caller in this process and goes
//     from Pool to the router only.
package actors
