package truth

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

var differential = flag.Bool("differential", false, "run the whole regression suite and write docs/differential.md")

// telling are the tests of the suite in which most is destroyed; they run in some
// seconds.
const telling = " truncate delete update alter_table largeobject foreign_key inherit rules triggers with merge " +
	"drop_if_exists dependency domain enum generated identity matview namespace portals plpgsql prepare privileges " +
	"returning rowsecurity sequence temp transactions typed_table updatable_views copydml publication insert_conflict "

func TestRegressionSuiteHidesNoDestruction(t *testing.T) {
	suite, err := fetchSuite()
	if err != nil {
		t.Fatal(err)
	}
	names := suite.tests(func(name string) bool { return *differential || strings.Contains(telling, " "+name+" ") })
	server := pgtest.Start(t, pgtest.Config{Major: 15, Conf: quiet})
	all, err := suite.run(server.Cluster, names)
	if err != nil {
		t.Fatal(err)
	}
	seen := count(all)
	for _, o := range seen.unexplained {
		t.Errorf("%s:%d: %s\nis let through and destroyed %s", o.file, o.line, abridged(bare(o.sql)), abridged(o.deed.String()))
	}
	if seen.destroyingRefused == 0 || seen.idle == 0 {
		t.Errorf("the sweep measured nothing: %d of %d statements destroyed", seen.destroying, seen.statements)
	}
	if !*differential {
		return
	}
	if err := os.WriteFile("../../docs/differential.md", []byte(seen.document()), 0o644); err != nil {
		t.Fatal(err)
	}
	if 200*seen.needless >= seen.idle {
		t.Errorf("%d of %d statements that destroy nothing are refused", seen.needless, seen.idle)
	}
}
