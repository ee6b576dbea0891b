package suites

import (
	"fmt"
	"slices"
	"strings"
)

// finding is what came of a suite behind a policy.
type finding struct {
	suite    suite
	policy   string
	tests    []string
	unstable int
	hunks    []hunk
	reasons  []string // of hunks, one each
}

// differing are the tests that have another result.
func (f finding) differing() []string {
	var names []string
	for _, h := range f.hunks {
		names = append(names, h.ofTest())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const introduction = `# Transparency

A client that the policy admits cannot tell the guard from the server. PostgreSQL's own test suites are asked whether that is so, as
Debian's source package of PostgreSQL 15 has them, run by its own pg_regress, psql, isolationtester and libpq_pipeline on its own server.
Each suite runs directly, directly again, and through the guard, each time on a new server over TCP, and what the programs
print must be the same: rows, notices, errors with SQLSTATE, position, context and the place in the server's source where they arose, command tags,
traces of messages. What differs between the two direct runs is left out.

` + "`make suites`" + ` runs them all and writes this page; the tests run a part. A difference that
test/suites/testdata/differences.txt does not list with its reason fails, and so does a listed one that no longer shows.

`

// document is docs/transparency.md.
func document(guardings []guarding, findings []finding) string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, g := range guardings {
		if slices.ContainsFunc(findings, func(f finding) bool { return f.policy == g.name }) {
			fmt.Fprintf(&b, "- **%s**: %s\n", g.name, g.about)
		}
	}
	b.WriteString("\n| suite | | policy | tests | agree | hunks that differ | left out |\n|---|---|---|---:|---:|---:|---:|\n")
	for _, f := range findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d |\n", f.suite.name, f.suite.about, f.policy,
			len(f.tests), len(f.tests)-len(f.differing()), len(f.hunks), f.unstable)
	}
	b.WriteString("\n## Differences\n")
	listed := listDifferences(&b, findings)
	if !listed {
		b.WriteString("\nThere are none.\n")
	}
	return b.String()
}

// listDifferences writes the hunks under their reasons, in the order of their appearance.
func listDifferences(b *strings.Builder, findings []finding) bool {
	var reasons []string
	for _, f := range findings {
		for _, reason := range f.reasons {
			if !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(b, "\n%s\n", reason)
		for _, f := range findings {
			for i, h := range f.hunks {
				if f.reasons[i] == reason {
					fmt.Fprintf(b, "\n%s, %s, %s:%d\n```diff\n%s```\n", f.policy, f.suite.name, h.file, h.first, h.text)
				}
			}
		}
	}
	return len(reasons) > 0
}
