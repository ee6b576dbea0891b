package policy

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/identity"
)

// Tests is what a file says a policy has to decide.
type Tests struct {
	Path string
	List []Test
}

// Test is one session: who opens it, and what must come of what it sends.
type Test struct {
	Name  string
	Place Place

	Source      TestSource
	Target      string // name; empty where the policy has one only
	User        string
	Database    string // empty: the user's name
	Application string
	Options     string // as in the startup packet: "-c search_path=app"
	Replication bool

	Login Expectation // what must come of the session
	Steps []Step      // what it sends, in order
}

// TestSource is where a test's client comes from.
type TestSource struct {
	// Environment is the one that the facts must lead to; where there are no facts, it
	// is taken as given.
	Environment string
	Facts       identity.Facts
}

// Given tells whether there are facts for the policy's sources to look at.
func (s *TestSource) Given() bool {
	f := &s.Facts
	return f.Unix || f.Address.IsValid() || f.Balancer.IsValid() || f.Certificate != nil
}

// Step is one or several query strings that must be decided alike.
type Step struct {
	Place      Place // of the mapping
	After      time.Duration
	SQL        []Text
	Parameters []*string // nil for NULL; without any, the simple query protocol is used
	Expectation
}

// Text is a text and its place in the file.
type Text struct {
	Text  string
	Place Place
}

// Expectation is a decision, and the rule that must have made it; empty where any may.
type Expectation struct {
	Decision string // allow, deny, would_deny or record
	Rule     string
}

// String returns "deny by rule builtin/drop".
func (e Expectation) String() string {
	if e.Rule == "" {
		return e.Decision
	}
	return e.Decision + " by rule " + e.Rule
}

// Met tells whether a decision is the expected one.
func (e Expectation) Met(got Expectation) bool {
	return e.Decision == got.Decision && (e.Rule == "" || e.Rule == got.Rule)
}

// Place is where in its file something is, both from 1.
type Place struct{ Line, Column int }

// TestsBeside returns the name of the file of tests that belongs to a policy file:
// pgcordon.test.yaml beside pgcordon.yaml.
func TestsBeside(path string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + ".test" + extension
}

// LoadTests reads a file of tests for a policy. What is wrong with its content comes
// back as Errors, all of it at once; what it says of targets, environments and rules
// that the policy does not have is wrong.
func LoadTests(path string, p *Policy) (*Tests, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("load tests: %w", err)
	}
	return ParseTests(path, content, p)
}

// ParseTests makes tests of the content of a file, whose name is for messages. The
// error, if any, is of type Errors.
func ParseTests(name string, content []byte, p *Policy) (*Tests, error) {
	d := &decoder{file: name, dir: filepath.Dir(name), tested: p}
	tests := d.tests(content)
	if len(d.errors) > 0 {
		d.errors.sort()
		return nil, d.errors
	}
	tests.Path = name
	return tests, nil
}

func (d *decoder) tests(content []byte) *Tests {
	root, ok := d.document(content, needTests)
	if !ok {
		return nil
	}
	d.defaults = d.readDefaults(root)
	tests, ok := testFile.read(d, root)
	if !ok {
		return nil
	}
	return &tests
}
