// Package hostile treats pgcordon badly and looks whether it, its other sessions
// and the rows behind it survive.
//
//	startup_*_test.go   what may come before and instead of a startup packet
//	evasion*_test.go    ways to hide a statement, each with a harmless near miss
//	backend_test.go     servers that break the protocol
//	noise*_test.go      random bytes while other sessions work
//	load_test.go        slow readers, huge messages: memory stays flat
//	upstream_test.go    servers that die, stall or were never there
//	closing_test.go     clients that leave in the middle
//	audit_test.go       audit logs that are full or slow
//	inprocess_*_test.go the same server inside the test, for the race detector
//
// Most tests run the real program in front of a real server; where the server's own
// answer is the measure, it is asked directly too. Random tests print their seed.
package hostile
