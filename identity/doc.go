// Package identity tells which environment a client belongs to.
//
// A database's own log-in asks who somebody is; it does not ask where they come
// from, so a connection string in the wrong place opens the wrong database.
// This package answers the second question from Facts that a client cannot
// choose freely: the address it connects from, the certificate it showed, the
// socket it came through, the balancer in between.
//
//	rules := identity.Rules{
//		{Name: "prod-pods", Environment: "production", CIDR: prefixes},
//		{Name: "batch", Environment: "production", Certificate: &identity.CertificatePattern{
//			CommonName: []identity.Glob{identity.CompileGlob("batch-*")},
//		}},
//	}
//	match := rules.Resolve(identity.Facts{Address: addr})
//
// Rules are read in order and the first that matches decides; within a rule
// every condition must hold. Where none matches, the environment is Unknown,
// which is never the environment of a target. The Match explains itself, since
// "why did this client count as staging" is asked at the worst hour.
//
// Nothing here does I/O. Whether a PROXY header may be believed and whether a
// certificate verifies is decided before, by whoever fills in the Facts.
package identity
