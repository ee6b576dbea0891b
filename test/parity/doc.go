// Package parity proves that a client which the policy admits cannot tell the
// guard from the server.
//
// A script says what a client sends and when it waits. It runs against the server
// directly and through the guard; what comes back, every message's type and body,
// must be the same. Only what a server makes anew for each session is masked:
// backend keys, process ids, object ids of new relations, positions in the log.
// Each script runs with its bytes in one piece, in random pieces and, where it is
// short, one at a time. Every divergence is the guard's fault.
//
// Beside the scripts there are conversations made up at random, a few in each run and as many as
// one likes by hand:
//
//	go test ./test/parity -run Random -args -conversations 2000 -seed 100
//
// # The language
//
// One command a line; # begins a comment. An argument is a bare word or a Go
// string, "like this\n" or `like this`, which *N behind it repeats.
//
//	session NAME                        go on with the session NAME, opened when first used; a script begins with first
//	startup [VERSION] [KEY=VALUE ...]   connect; without it a session starts by itself and waits for Z
//	sslrequest, gssencrequest, byte     ask for encryption; wait for the one-byte answer
//	query SQL
//	parse NAME SQL [TYPE-OID ...]
//	bind PORTAL STATEMENT [ARG ...] [binary]   ARG: a string, null, int4:N, int8:N or hex:BYTES
//	describe S|P NAME
//	execute PORTAL [MAX-ROWS]
//	close S|P NAME
//	sync, flush, terminate
//	copydata TEXT, copydone, copyfail REASON
//	functioncall OID [ARG ...]
//	message TYPE HEX                    any message: type byte and body
//	raw HEX                             any bytes
//	until TYPE [N]                      wait for the Nth further message of a type
//	eof                                 wait until the server closes the connection
//	await-asleep, await-idle           wait until the session's backend is in pg_sleep, or idle
//	cancel                              send a CancelRequest for the session's query
//	repeat N ... end                    N times the lines between
//	ignore TYPE                         leave messages of a type out of the comparison
//	answered-by-guard                   leave out where in the server's source an error arose
//	                                    (fields F, L, R): no server hears of this session
//
// A session that has not ended when the script has is ended with Terminate.
package parity
