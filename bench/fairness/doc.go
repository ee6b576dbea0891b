// Package fairness measures what a few sessions feel of one that asks for much.
//
// Four sessions ask SELECT 1 at a steady pace that leaves the machine idle
// (watch.go), first alone, then beside a disturber (disturb.go), which runs as another
// process. A disturber keeps a pace too: on a machine that is all taken, the kernel's
// scheduler would be measured. What it takes from the server and from the machine shows
// on the direct way to the server, which no proxy can make unfair.
package fairness
