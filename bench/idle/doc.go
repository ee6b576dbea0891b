// Package idle measures what sessions cost that do nothing, thousands of them.
//
// The server is a pretended one (pretend.go), because PostgreSQL would need a
// process for each session; it answers logins and nothing else. It and the client
// that opens the sessions run as processes of their own: each needs as many
// files as there are sessions, and the proxy twice as many.
package idle
