// Package transport opens the connections of a session: it listens and dials, says
// how TLS is to be spoken on either leg, and reads the PROXY header of a balancer.
//
//	client ──Listen, ReadProxyHeader, ServerConfig──▶ pgcordon ──Dial, ClientConfig──▶ server
//
// Towards clients pgcordon is the TLS server ([ServerConfig]), towards PostgreSQL the
// TLS client ([ClientConfig]). When TLS begins, and what goes before it in clear, is
// PostgreSQL's protocol and not known here.
package transport
