// Package suites runs PostgreSQL's own test suites through the guard: what its tests
// print must be what they print when they talk to the server.
//
// fetch gets the suites and the programs of the same minor version. Each suite runs
// twice directly (twice, to learn what differs by itself) and once behind each policy,
// always on a new server, so that even object ids agree. Two policies must not be noticed:
// a limit on every statement, set high, under which the guard holds back every commit; and
// the example that only audits.
//
//	suite.go     the suites, and how each is run
//	policy.go    what they run behind
//	hunk.go      two folders of results, line by line
//	known.go     testdata/differences.txt: differences that have a reason
//	report.go    docs/transparency.md
//	brief.go     the part that runs with all other tests
//
// make suites runs all of it in about ten minutes and writes the page. A difference that
// is not listed fails; a listed one that does not show fails, too.
package suites
