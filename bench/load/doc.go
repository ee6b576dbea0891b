// Package load puts load on a way to the server and measures one run of it.
//
// What is warm before it is measured: every load opens its sessions, lets each do
// something, and only then begins to count, so that a proxy which keeps connections
// to the server open from one run to the next has no advantage.
package load
