package hotpath

import (
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// BenchmarkMiss measures what a text costs that the cache does not know: its tree by way
// of protobuf, its tree as it is read here, and its judgement with everything that
// belongs to it.
func BenchmarkMiss(b *testing.B) {
	long := []struct{ name, sql string }{
		{"insert-8kB", inserts(8 << 10)}, {"insert-64kB", inserts(64 << 10)}, {"insert-1MB", inserts(1 << 20)},
	}
	cache := parser.NewCache(0, 0) // keeps nothing
	ways := []struct {
		name string
		run  func(sql string)
	}{
		{"protobuf", func(sql string) { _, _ = pg_query.Parse(sql) }},
		{"tree", func(sql string) { _, _ = rawtree.Parse(sql) }},
		{"judged", func(sql string) { cache.Summary([]byte(sql), parser.Options{}) }},
	}
	for _, text := range append(texts[:len(texts):len(texts)], long...) {
		for _, way := range ways {
			b.Run("text="+text.name+"/way="+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					way.run(text.sql)
				}
			})
		}
	}
}
