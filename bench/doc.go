// Bench compares pgcordon with other proxies, and two builds of it with each other,
// on one machine against a real PostgreSQL.
//
//	make bench                     the comparison: tables, bench/results, docs/bench.svg
//	make bench-quick               a short one that only prints
//	make bench-compare BASE=rev    this working tree against another revision
//	make bench-plot                docs/bench.svg anew, from the newest result
//
// The way of a figure:
//
//	arena.go       the server, its tables, the folder of everything that runs
//	peer/          the proxies in their usual configuration
//	cells.go       what is measured: each load with the peers that can do it
//	load/          one run of a load: pgbench, bulk data, logins
//	usage/         processor time and memory of a proxy with all its processes
//	rounds.go      every peer in every round, each round in another order
//	figures/       medians of ratios within a round, with their range
//	idle/          thousands of sessions that do nothing
//	micro.go       the Go benchmarks of hotpath/
//	report.go      the tables that are printed and kept
//	chart/         the plot
//
// Figures of different machines, or of a machine that does something else at the
// same time, must not be compared; that is why ratios are shown.
package main
