package truth

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/test/cluster"
)

// suite is PostgreSQL's regression suite, as test/suites/fetch lays it out.
type suite struct {
	dir    string
	groups [][]string // of tests, as the schedule has them
}

// leftOut are the tests that say nothing about statements: they wait, ask for programs
// of psql's side, or leave the database unusable for others.
var leftOut = map[string]string{
	"psql": "of psql's own commands", "infinite_recurse": "exhausts the stack on purpose",
	"maintain_every": "is about the machine", "indirect_toast": "needs a library of the suite",
}

// prelude are the tests that later ones build on.
var prelude = []string{
	"test_setup", "create_misc", "create_operator", "create_procedure", "create_table", "create_type",
	"create_schema", "create_index", "create_view", "create_aggregate",
}

func fetchSuite() (*suite, error) {
	out, err := exec.Command("../suites/fetch").Output()
	if err != nil {
		return nil, fmt.Errorf("fetch the regression suite: %w", err)
	}
	s := &suite{dir: filepath.Join(strings.TrimSpace(string(out)), "regress")}
	schedule, err := os.ReadFile(filepath.Join(s.dir, "parallel_schedule"))
	if err != nil {
		return nil, fmt.Errorf("read the schedule: %w", err)
	}
	for line := range strings.Lines(string(schedule)) {
		if tests, ok := strings.CutPrefix(line, "test:"); ok {
			s.groups = append(s.groups, strings.Fields(tests))
		}
	}
	return s, nil
}

// tests are all that wanted picks behind the prelude, in the order of the schedule.
func (s *suite) tests(wanted func(string) bool) (names []string) {
	for _, group := range s.groups {
		for _, name := range group {
			if leftOut[name] == "" && !slices.Contains(prelude, name) && wanted(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// run runs tests of the suite, first those that others build on, then the rest in
// two databases at a time.
func (s *suite) run(server *cluster.Cluster, names []string) ([]observation, error) {
	if err := server.Exec("postgres", "CREATE DATABASE regression"); err != nil {
		return nil, err
	}
	if err := server.Exec("regression", measureSQL); err != nil {
		return nil, fmt.Errorf("prepare to measure: %w", err)
	}
	seen, err := s.lane(server, "regression", prelude)
	if err != nil {
		return nil, err
	}
	lanes := [2][]string{}
	for i, name := range names {
		lanes[i%2] = append(lanes[i%2], name)
	}
	if err := server.Exec("postgres", "CREATE DATABASE regression2 TEMPLATE regression"); err != nil {
		return nil, err
	}
	var results [2][]observation
	var errs [2]error
	var wg sync.WaitGroup
	for i, database := range []string{"regression", "regression2"} {
		wg.Go(func() { results[i], errs[i] = s.lane(server, database, lanes[i]) })
	}
	wg.Wait()
	for i := range errs {
		if errs[i] != nil {
			return nil, errs[i]
		}
		seen = append(seen, results[i]...)
	}
	return seen, nil
}

// lane runs tests one after the other in a database.
func (s *suite) lane(server *cluster.Cluster, database string, names []string) ([]observation, error) {
	w := &sweeper{judge: newJudge(policy.Audit)}
	dsn := server.AdminDSN(database)
	w.connect = func() (*session, error) { return connect(dsn, w.judge.dial) }
	var err error
	if w.meter.outside, err = connect(dsn, nil); err != nil {
		return nil, err
	}
	defer w.meter.outside.close()
	if _, err := w.meter.outside.must("SET lock_timeout = '5s'"); err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(s.dir, "sql", name+".sql"))
		if err != nil {
			return nil, fmt.Errorf("read a test: %w", err)
		}
		variables := map[string]string{"abs_srcdir": s.dir, "libdir": "/nowhere", "dlsuffix": ".so", "DBNAME": database}
		if err := w.script(name, string(text), variables); err != nil {
			return nil, err
		}
	}
	return w.seen, nil
}
