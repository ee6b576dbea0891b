// Package rehearsal plays the tests of a policy: each is a session whose client
// sends what the test says, judged by the same guard.Guard that judges a session
// of the running proxy, so that what a test saw is what will happen.
//
//	policy.Test ──▶ Play ──▶ client's messages ──▶ guard.Guard ──▶ server, pretended
//	                  ▲                                │  ▲            │
//	                  └──── what was decided ──────────┘  └── replies ─┘
//
// There is no server, no socket and no clock. The server is pretended: it carries
// out everything that reaches it, and rejects what the guard puts in the place of a
// refused statement (server.go). It has no tables, so nothing that a statement would
// find in them can be tested.
package rehearsal
