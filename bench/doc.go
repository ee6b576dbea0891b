// Bench compares pgcordon with other proxies, and two builds of it with each other,
// on one machine against a real PostgreSQL.
//
//	make bench                     the comparison: tables, bench/results, and what is made of it
//	make bench-quick               a short one that only prints
//	make bench-compare BASE=rev    this working tree against another revision
//	make bench-plot                what is made of the newest result, anew
//
// The way of a figure:
//
//	arena.go       the server, its tables, the folder of everything that runs
//	pages.go       large pages for the server, so that new sessions are as quick as old ones
//	peer/          the proxies in their usual configuration
//	bare/          the relay that looks at nothing, to see what any proxy takes
//	cells.go       what is measured: each load with the peers that can do it
//	load/          one run of a load: pgbench, bulk data, logins
//	usage/         processor time and memory of a proxy with all its processes
//	rounds.go      every peer in every round, each round in another order
//	figures/       medians of ratios within a round, with their range
//	beside.go      fairness/: what a few sessions feel of one that asks for much
//	limits.go      trips/: what limits cost that are far from being reached
//	idle/          thousands of sessions that do nothing
//	micro.go       the Go benchmarks of hotpath/
//	report.go      the tables that are printed and kept
//	products.go    what is made of a kept result: parts of README.md (summary.go) and of
//	               docs/performance.md, and the plot (plot.go, chart/)
//	self/          this program as another process, for idle/ and fairness/
//
// Figures of different machines, or of a machine that does something else at the
// same time, must not be compared; that is why ratios are shown.
package main
