package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Error is one thing that is wrong with, or odd about, a policy file.
type Error struct {
	File    string // as given to Load or Parse
	Line    int    // from 1
	Column  int    // from 1
	Message string // lower case, without a final stop
}

// Error returns file:line:column: message, which editors and terminals can follow.
func (e Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Errors is everything that is wrong with a policy file, in the file's order.
type Errors []Error

// Error returns one line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// decoder collects what is said about one file while it is read.
type decoder struct {
	file     string
	dir      string      // relative paths start here
	sets     []effectSet // those that may be used so far
	tested   *Policy     // of a file of tests: what it tests
	defaults Test        // of a file of tests: what a test begins with
	errors   Errors
	warnings Errors
}

func (d *decoder) errorf(n *yaml.Node, format string, args ...any) {
	d.errors = append(d.errors, d.at(n, format, args...))
}

func (d *decoder) warnf(n *yaml.Node, format string, args ...any) {
	d.warnings = append(d.warnings, d.at(n, format, args...))
}

// at places a message. A node that stands for a whole, possibly empty, document
// may lie nowhere; it is placed at the file's beginning.
func (d *decoder) at(n *yaml.Node, format string, args ...any) Error {
	return Error{File: d.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Message: fmt.Sprintf(format, args...)}
}
