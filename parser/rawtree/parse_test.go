package rawtree_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
	"google.golang.org/protobuf/proto"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// corpus is all SQL that the repository has: the samples of the parser's tests and
// every script, as a whole and statement by statement.
func corpus(t testing.TB) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".sql":
			texts = append(texts, script(t, path)...)
		case ".txt":
			if strings.Contains(filepath.ToSlash(path), "parser/testdata/") {
				texts = append(texts, samples(t, path)...)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func script(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return append(strings.SplitAfter(string(text), ";\n"), string(text))
}

// samples are parted by empty lines; lines of some other meaning begin so.
func samples(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var sql strings.Builder
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "! ") && !strings.HasPrefix(line, "=>") {
				sql.WriteString(line)
			}
		}
		texts = append(texts, sql.String())
	}
	return texts
}

// agrees checks that a text gives the same tree, or the same error, as by way of protobuf.
func agrees(t *testing.T, sql string) {
	t.Helper()
	got, gotErr := rawtree.Parse(sql)
	want, wantErr := pg_query.Parse(sql)
	switch {
	case (gotErr == nil) != (wantErr == nil):
		t.Errorf("%.500s\nerror %v, want %v", sql, gotErr, wantErr)
	case wantErr != nil:
		sameError(t, sql, gotErr, wantErr)
	case !proto.Equal(got, want):
		t.Errorf("%.500s\n got %.1000v\nwant %.1000v", sql, got, want)
	}
}

// sameError compares errors of the grammar. Others are about protobuf.
func sameError(t *testing.T, sql string, got, want error) {
	t.Helper()
	var g, w *parser.Error
	if errors.As(want, &w) && (!errors.As(got, &g) || !reflect.DeepEqual(g, w)) {
		t.Errorf("%.500s\n got error %#v\nwant error %#v", sql, got, want)
	}
}

func TestEveryTextGivesTheTreeOfPgQuery(t *testing.T) {
	texts := corpus(t)
	if len(texts) < 500 {
		t.Errorf("only %d texts found", len(texts))
	}
	for _, sql := range texts {
		agrees(t, sql)
	}
}

func TestTheScriptOfRareNodesIsValid(t *testing.T) {
	for _, sql := range script(t, "testdata/kinds.sql") {
		if _, err := rawtree.Parse(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestThreadsDoNotDisturbEachOther(t *testing.T) {
	texts := corpus(t)
	for range 4 {
		t.Run("thread", func(t *testing.T) {
			t.Parallel()
			for _, sql := range texts {
				agrees(t, sql)
			}
		})
	}
}

func TestManyGoroutinesNeedFewThreads(t *testing.T) {
	const goroutines = 500
	texts := corpus(t)[:300]
	threads := pprof.Lookup("threadcreate")
	before := threads.Count()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for _, sql := range texts {
				_, _ = rawtree.Parse(sql)
			}
		})
	}
	wg.Wait()
	if n := threads.Count() - before; n > goroutines/8 {
		t.Errorf("%d goroutines made %d threads", goroutines, n)
	}
}

func TestTextEndsAtANULByte(t *testing.T) {
	agrees(t, "SELECT 1\x00 FROM")
}

func FuzzParse(f *testing.F) {
	for _, sql := range corpus(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) <= 4000 { // pg_query's way by protobuf recurses on the C stack
			agrees(t, sql)
		}
	})
}
