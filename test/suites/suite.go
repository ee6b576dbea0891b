package suites

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// suite is one of PostgreSQL's own test suites.
type suite struct {
	name  string
	about string
	brief []string // tests that say most in least time; none: all of them
	run   func(p place, tests []string) error
}

var all = []suite{
	{"regress", "what psql runs, each statement a transaction", briefRegress,
		func(p place, tests []string) error { return p.regress("", tests) }},
	{"transactions", "the same, each file a transaction and each statement behind a savepoint", briefTransactions,
		func(p place, tests []string) error {
			return p.regress("-v AUTOCOMMIT=off -v ON_ERROR_ROLLBACK=on", tests)
		}},
	{"isolation", "sessions that wait for one another", briefIsolation,
		func(p place, tests []string) error {
			return p.schedule("isolation", "pg_isolation_regress", "isolation_schedule", tests)
		}},
	{"pipeline", "libpq's pipeline mode", briefPipeline, place.pipeline},
}

// place is where a suite runs: what it reads, where it leaves its results, and the
// server that it connects to.
type place struct {
	suites     string // as fetch lays them out
	output     string
	host, port string
}

// program is the path of one of the programs that were fetched.
func (p place) program(path ...string) string {
	return filepath.Join(p.suites, "usr/lib/postgresql/15", filepath.Join(path...))
}

// regress has psql show command tags, and more of errors than their texts: SQLSTATE, and where in the
// server's source they arose. variables are further ones of psql's.
func (p place) regress(variables string, tests []string) error {
	launcher := `sh -c 'exec "$@" -v VERBOSITY=verbose -v QUIET=off ` + variables + `' psql`
	return p.schedule("regress", "pg_regress", "parallel_schedule", tests, "--launcher="+launcher)
}

// schedule runs a suite by pg_regress or its like: the tests that are named, or all of
// the schedule, one at a time, so that they cannot see one another. Whether the results
// are what PostgreSQL expects is not asked: its own server is.
func (p place) schedule(suite, program, schedule string, tests []string, further ...string) error {
	args := append(further,
		"--bindir="+p.program("bin"), "--dlpath="+filepath.Join(p.suites, "lib"),
		"--inputdir="+filepath.Join(p.suites, suite), "--outputdir="+p.output,
		"--host="+p.host, "--port="+p.port, "--user=postgres", "--max-connections=1")
	if len(tests) == 0 {
		args = append(args, "--schedule="+filepath.Join(p.suites, suite, schedule))
	}
	cmd := exec.Command(p.program("lib/pgxs/src/test", suite, program), append(args, tests...)...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil // results are other than expected
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// pipeline runs the tests of libpq_pipeline, with a trace of the messages where
// PostgreSQL compares it, too. Of the others, what they print depends on how fast the
// server is: how they end counts.
func (p place) pipeline(tests []string) error {
	program := filepath.Join(p.suites, "pipeline", "libpq_pipeline")
	if len(tests) == 0 {
		names, err := exec.Command(program, "tests").Output()
		if err != nil {
			return fmt.Errorf("list the tests of pipelines: %w", err)
		}
		tests = strings.Fields(string(names))
	}
	const rows = "700" // as PostgreSQL runs them
	connection := "host=" + p.host + " port=" + p.port + " user=postgres dbname=postgres sslmode=disable"
	for _, name := range tests {
		result := filepath.Join(p.output, "results", name)
		args := []string{"-r", rows, name, connection}
		_, err := os.Stat(filepath.Join(p.suites, "pipeline/expected", name+".trace"))
		traced := err == nil
		if traced {
			args = append([]string{"-t", result + ".trace"}, args...)
		}
		cmd := exec.Command(program, args...)
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			return fmt.Errorf("run %s: %w", program, err)
		}
		if !traced {
			out = nil
		}
		if err := os.WriteFile(result+".out", fmt.Appendf(out, "%s\n", cmd.ProcessState), 0o644); err != nil {
			return fmt.Errorf("keep a result: %w", err)
		}
	}
	return nil
}
