// Package persistence keeps what must outlive the process. Tokens is the store of the token caches: a folder with one encrypted
// file for each connection and authority.
//
// # The folder of tokens
//
//	Contoso-GA.<hash>.<hash>.tokens    a cache; the hashes are of the connection's name and of the authority
//	….tokens.damaged-<time>            one that could not be read, set aside; the last three are kept
//	.key                               the key of all caches: 32 bytes
//	.locks/                            a file for each connection, whose lock is the right to touch the connection's caches
//	Contoso_GA.json                    a cache of the Python version, kept for 14 days after it was taken over
//	Contoso_GA.json.taken              says that it was, and since when
//
// # Guarantees
//
//   - Whoever has a cache open is alone with it, in all processes of the machine that use the folder on a local disk. The lock goes
//     with the process, however that ends.
//   - A cache is replaced whole or not at all: written aside, flushed, renamed.
//   - A file serves only the connection and the authority that it was written for; moved to another name it is damaged.
//   - A cache that cannot be read is set aside and costs a sign-in.
//
// # What the encryption protects against
//
// With the key file: against whoever gets a copy of single caches, by a backup or by synchronisation that leaves hidden files
// out. Not against whoever reads the user's files, because the key is one of them. With a key of the caller's (MM_TOKEN_KEY):
// against everybody who reads the disk but not the environment of the process.
package persistence
