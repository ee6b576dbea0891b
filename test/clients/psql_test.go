package clients

import (
	"path/filepath"
	"regexp"
	"testing"
)

func TestPsqlPrintsTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/psql/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	eachMajor(t, func(t *testing.T, p pair) {
		for _, psql := range []string{"psql", newProgram(t, "psql")} {
			for _, file := range files {
				t.Run(filepath.Base(file)+" "+filepath.Base(filepath.Dir(filepath.Dir(psql))), func(t *testing.T) {
					p.same(t, func(t *testing.T, e endpoint, dir string) string {
						return maskIDs(e.succeed(t, dir, psql, "--no-psqlrc", "--echo-all", "--file", path(t, file)))
					})
				})
			}
		}
	})
}

// sessionIDs match what a server makes anew each time: a notification's sender,
// a large object's id, and the backend in newer versions' \conninfo.
var sessionIDs = regexp.MustCompile(`(with PID|lo_import|Backend PID +\|) \d+`)

func maskIDs(text string) string { return sessionIDs.ReplaceAllString(text, "$1 #") }
