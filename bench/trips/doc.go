// Package trips counts round trips to the server.
//
// A relay in front of the server looks at nothing but whose turn it is: what comes from
// the server after something went to it ends a round trip. On a network each of them
// waits once for the network. Counts do not depend on the machine, and nothing that goes
// through the relay is timed.
package trips
