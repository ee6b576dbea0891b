// Package usage reads what running processes have cost: processor time and memory,
// for a program with all its children.
package usage
