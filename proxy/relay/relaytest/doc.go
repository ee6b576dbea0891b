// Package relaytest holds what every relay.Relay must do, as tests that each of
// them runs: Conformance.
package relaytest
