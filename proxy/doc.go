// Package proxy runs the sessions: it accepts clients, finds out who they are,
// decides whether they may come in, connects them to their server and relays
// what both say, as a guard.Guard judges it.
//
// The path of a session, a file a step:
//
//	listener.go   accept: limits, deadline
//	session.go    the steps below, in order
//	startup.go    PROXY header, SSLRequest, GSSENCRequest, CancelRequest, StartupMessage
//	admit.go      source environment, session decision, refusal
//	upstream.go   dial the target, TLS, send the startup packet
//	cancel.go     forward a CancelRequest
//	kill.go       what an operator sees and ends; kill_cancel.go stops the server too
//	lockdown.go   whom an operator keeps out; lockdown_state.go makes that outlive the program
//	allow.go      which refused statements an operator lets through; breakglass/ keeps them
//	relay/        what moves the bytes from here on
//	record.go     what a session did, for audit log, metrics and program log
//	server.go     listeners, reload, drain
//
// Up to the relay everything is plain blocking Go on a net.Conn.
package proxy
