// Package child runs a program that never outlives the process that started it,
// not even when that process is killed. Test servers and the guard under test
// run as such children.
package child
