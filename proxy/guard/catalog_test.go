package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/catalog"
)

// onlyByKey lets a DELETE pass that is an equality with a key.
const onlyByKey = `
builtin: false
statements:
  - {name: by-key, action: allow, when: {effect: delete, breadth: key}}
  - {name: no-other, action: deny, when: {effect: delete}}
`

const byKey = "DELETE FROM t WHERE id = 5"

func keyed(t *testing.T) (*bench, **catalog.Catalog) {
	t.Helper()
	known := catalog.New(time.Time{}, []*catalog.Table{{Name: catalog.Name{Schema: "public", Table: "t"}, Keys: [][]string{{"id"}}}}, nil)
	current := &known
	rules := rulesOf(t, onlyByKey)
	rules.Consult(func() *catalog.Catalog { return *current })
	b := newBenchWith(t, Config{Rules: rules})
	b.login()
	return b, current
}

// refuses tells whether the last statement that the guard judged was refused.
func (b *bench) refuses(sql string) bool {
	b.t.Helper()
	before := b.nonces
	b.fromClient(query(sql))
	return b.nonces > before
}

func TestAKeyIsKnownAsLongAsTheCatalogIs(t *testing.T) {
	b, current := keyed(t)
	known := *current
	for i, c := range []struct {
		catalog *catalog.Catalog
		refused bool
	}{{known, false}, {nil, true}, {known, false}} {
		*current = c.catalog
		if got := b.refuses(byKey); got != c.refused {
			t.Errorf("%d: refused %v", i, got)
		}
	}
}

func TestAPreparedStatementIsJudgedAgainWithANewCatalog(t *testing.T) {
	b, current := keyed(t)
	b.fromClient(parse("s", byKey), sync())
	*current = nil
	b.fromClient(bind("", "s"), execute(""), sync())
	if !strings.Contains(b.sent(), "pgcordon_nonce") {
		t.Errorf("a key that is no longer known: %s", b.sent())
	}
}

func TestASessionThatChangesTheSchemaHasNoCatalog(t *testing.T) {
	for _, change := range []string{
		"CREATE TEMP TABLE t (id int)", "ALTER TABLE t DROP CONSTRAINT t_pkey", "DROP TABLE u", "SELECT 1 AS id INTO TEMP t",
		"DO $$BEGIN PERFORM 1; END$$", "CALL f()", "CREATE TABLE u (id int); " + "SELECT 1", "SET search_path = u",
	} {
		b, _ := keyed(t)
		b.refuses(change)
		if !b.refuses(byKey) {
			t.Errorf("after %s the old key counts", change)
		}
		b, _ = keyed(t)
		if !b.refuses(change + "; " + byKey) {
			t.Errorf("behind %s in one string the old key counts", change)
		}
	}
}
