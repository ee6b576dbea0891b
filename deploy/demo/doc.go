// The demo plays incident A on this machine, first without pgcordon and then with
// it: staging runs its nightly suite with production's connection string.
//
// It starts Debian's PostgreSQL and the real pgcordon, and tells staging from
// production as one would in earnest, by the address that a client comes from. Its
// exit status is 0 only if the guard let no row be lost and disturbed nobody.
package main
