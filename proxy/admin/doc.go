// Package admin is the operator's way into a running pgcordon: HTTP with JSON over a
// unix socket. Whoever may write to the socket's file may do everything here; the
// kernel tells who that was (peer_linux.go), for the audit log.
//
//	operator.go      what can be asked of a running program
//	approval.go      what an operator lets through
//	server.go        answers it over the socket
//	client.go        asks it, for the subcommands
//	peer_*.go        who is at the other end
package admin
