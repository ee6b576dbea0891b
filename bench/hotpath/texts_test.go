package hotpath

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

//go:embed testdata/orm.sql
var orm string // 1 kB, as an object-relational mapper writes it

// The statements of pgbench's loads.
const (
	selectOne = "SELECT 1"
	selectOf  = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;"
	update    = "UPDATE pgbench_accounts SET abalance = abalance + -1000 WHERE aid = 4711;"
	insert    = "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 4711, -1000, CURRENT_TIMESTAMP);"
)

var texts = []struct{ name, sql string }{
	{"select-1", selectOne}, {"pgbench-select", selectOf}, {"pgbench-update", update}, {"pgbench-insert", insert}, {"orm-1kB", orm},
}

// inserts is a statement of about that many bytes.
func inserts(size int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO cart_items (id, name) VALUES (0, 'first')")
	for i := 1; b.Len() < size; i++ {
		fmt.Fprintf(&b, ", (%d, 'item %d')", i, i)
	}
	return b.String()
}

func BenchmarkPrefilter(b *testing.B) {
	effects, functions := rules(b).Interest()
	filter := parser.NewPrefilter(effects, functions)
	for _, text := range texts {
		b.Run(text.name, func(b *testing.B) {
			sql := []byte(text.sql)
			for b.Loop() {
				filter.Clean(sql)
			}
		})
	}
}

func BenchmarkCacheExact(b *testing.B) {
	// Without literals a text is found as it is.
	withParameters := strings.NewReplacer("'paid', 'packed'", "$1, $2", "'2026-11-01T00:00:00+00:00'", "$3", "LIMIT 21", "LIMIT $4").Replace(orm)
	for _, sql := range []string{"UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2", withParameters} {
		b.Run(fmt.Sprintf("%dB", len(sql)), func(b *testing.B) { hits(b, sql, sql) })
	}
}

func BenchmarkCacheSkeleton(b *testing.B) {
	for _, sql := range []string{update, orm} {
		b.Run(fmt.Sprintf("%dB", len(sql)), func(b *testing.B) { hits(b, sql, otherLiterals(sql)) })
	}
}

// otherLiterals is a text that differs in literals only.
func otherLiterals(sql string) string {
	return strings.NewReplacer("4711", "4712", "2026", "2027").Replace(sql)
}

// hits looks one text up where another was put.
func hits(b *testing.B, put, get string) {
	cache := parser.NewCache(1<<10, 1<<24)
	cache.Summary([]byte(put), parser.Options{})
	sql := []byte(get)
	if _, hit := cache.Summary(sql, parser.Options{}); !hit {
		b.Fatalf("no hit for %s", get)
	}
	for b.Loop() {
		cache.Summary(sql, parser.Options{})
	}
}
