package parser

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestCacheFindsATextAgain(t *testing.T) {
	c := NewCache(1024, 1<<20)
	sql := []byte("DELETE FROM a WHERE b = $1")
	first, hit := c.Summary(sql, Options{})
	if hit {
		t.Error("found before it was put")
	}
	again, hit := c.Summary(sql, Options{})
	if !hit || again != first || again.Statements[0].End != len(sql) {
		t.Errorf("hit %v, %+v", hit, again)
	}
	if _, hit := c.Summary(sql, Options{NonConforming: true}); hit {
		t.Error("found with other options")
	}
}

func TestCacheFindsTextsThatDifferInLiterals(t *testing.T) {
	c := NewCache(1024, 1<<20)
	c.Summary([]byte("UPDATE a SET x = 'one' WHERE id = 1"), Options{})
	s, hit := c.Summary([]byte("UPDATE a SET x = 'it''s two' WHERE id = 22.5"), Options{})
	if !hit || !s.Effects.Has(Update) || s.Statements[0].End != 0 {
		t.Errorf("hit %v, %+v", hit, s)
	}
	if st := c.Stats(); st.SkeletonHits != 1 || st.Misses != 1 || st.Entries != 1 {
		t.Errorf("%+v", st)
	}
}

// Each pair has one skeleton, and must not share a summary.
func TestCacheTellsApartWhatDependsOnALiteral(t *testing.T) {
	for _, pair := range [][2]string{
		{"DELETE FROM a WHERE 1 = 2", "DELETE FROM a WHERE 1 = 1"},
		{"DELETE FROM a WHERE 'a' = 'b'", "DELETE FROM a WHERE 'a' = 'a'"},
		{"DELETE FROM a WHERE b LIKE 'x%'", "DELETE FROM a WHERE b LIKE '%'"},
		{"DELETE FROM a WHERE b ~ 'x'", "DELETE FROM a WHERE b ~ '.*'"},
		{"DELETE FROM a WHERE 'f'", "DELETE FROM a WHERE 't'"},
		{"DELETE FROM a WHERE 0::bool", "DELETE FROM a WHERE 1::bool"},
		{"DELETE FROM a WHERE lower(b || 'x') = lower(b || 'y')", "DELETE FROM a WHERE lower(b || 'x') = lower(b || 'x')"},
		{"SELECT set_config('work_mem', 'x', true)", "SELECT set_config('role', 'x', true)"},
		{"EXPLAIN (ANALYZE 0) DELETE FROM a", "EXPLAIN (ANALYZE 1) DELETE FROM a"},
		{"EXPLAIN (ANALYZE 'off') DELETE FROM a", "EXPLAIN (ANALYZE 'on') DELETE FROM a"},
		{`TRUNCATE U&"d!0061ta" UESCAPE '!'`, `TRUNCATE U&"d!0061ta" UESCAPE '+'`},
	} {
		c := NewCache(1024, 1<<20)
		c.Summary([]byte(pair[0]), Options{})
		got, _ := c.Summary([]byte(pair[1]), Options{})
		want := Summarize(pair[1], Options{})
		if describe(got) != describe(want) {
			t.Errorf("%s\n got %s\nwant %s", pair[1], describe(got), describe(want))
		}
	}
}

// otherLiterals replaces the plain literals of a text, which keeps its skeleton.
func otherLiterals(sql, str, number string) string {
	var out strings.Builder
	l := lexer{sql: sql}
	end := 0
	for t := l.next(); t.kind != endToken; t = l.next() {
		out.WriteString(sql[end:t.start])
		end = t.end
		switch text := sql[t.start:t.end]; {
		case t.kind == stringToken && text[0] == '\'':
			out.WriteString(str)
		case t.kind == numberToken:
			out.WriteString(number)
		default:
			out.WriteString(text)
		}
	}
	return out.String() + sql[end:]
}

func TestSkeletonSharesOnlyWhatIsTheSame(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			for _, lit := range [][2]string{{"'role'", "1"}, {"'%'", "0"}, {"''", "7.5"}, {"'off'", "99999999999"}} {
				checkSkeleton(t, s.sql, otherLiterals(s.sql, lit[0], lit[1]), s.options)
			}
		}
	}
}

// checkSkeleton puts one text into a cache and asks for the other.
func checkSkeleton(t *testing.T, first, second string, o Options) {
	t.Helper()
	c := NewCache(1024, 1<<20)
	c.Summary([]byte(first), o)
	got, hit := c.Summary([]byte(second), o)
	// A text that is not accepted ends in a syntax error on the server.
	if want := Summarize(second, o); hit && want.Parsed && describe(got) != describe(want) {
		t.Errorf("%s, after %s\n got %s\nwant %s", second, first, describe(got), describe(want))
	}
}

func FuzzSkeleton(f *testing.F) {
	for _, file := range corpusFiles(f) {
		for _, s := range readCorpus(f, file) {
			f.Add(s.sql, "%", "5")
		}
	}
	f.Fuzz(func(t *testing.T, sql, str, number string) {
		if plainNumber([]byte(number)) != len(number) {
			number = "5"
		}
		str = "'" + strings.ReplaceAll(str, "'", "''") + "'"
		checkSkeleton(t, sql, otherLiterals(sql, str, number), Options{})
	})
}

func TestSkeletonGivesUpOnWhatIsTricky(t *testing.T) {
	for _, sql := range []string{
		"SELECT E'a'", "SELECT U&'a'", "SELECT $$a$$", "SELECT $a$b$a$", "SELECT b'1'", "SELECT 'a\\b'", "SELECT 'open",
		"SELECT 1 -- x", "SELECT 1 /* x */", "SELECT 1a", "SELECT 1.", "SELECT 1.e5", "SELECT 1e5", "SELECT a.5",
		"SELECT 0x1f", "SELECT 1_000", "SELECT \"open", "SELECT 1..2", "SELECT $1a", "SELECT \x00", "SELECT \x01", `SELECT \ `,
	} {
		if out, ok := skeleton(nil, []byte(sql)); ok {
			t.Errorf("%q has the skeleton %q", sql, out)
		}
	}
}

func TestCacheStaysWithinItsBounds(t *testing.T) {
	c := NewCache(160, 1<<20)
	for i := range 1500 {
		c.Summary(fmt.Appendf(nil, "SELECT a%d", i), Options{})
	}
	if st := c.Stats(); st.Entries == 0 || st.Entries > 160 {
		t.Errorf("%d entries", st.Entries)
	}
	c = NewCache(1<<20, 64<<10)
	for i := range 500 {
		c.Summary(fmt.Appendf(nil, "SELECT a%d%s", i, strings.Repeat(", b", 100)), Options{})
	}
	if st := c.Stats(); st.Bytes == 0 || st.Bytes > 64<<10 {
		t.Errorf("%d bytes", st.Bytes)
	}
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := NewCache(320, 1<<20)
	hot := []byte("SELECT hot")
	c.Summary(hot, Options{})
	for i := range 1500 {
		c.Summary(fmt.Appendf(nil, "SELECT a%d", i), Options{})
		if _, hit := c.Summary(hot, Options{}); !hit {
			t.Fatalf("forgotten after %d others", i)
		}
	}
}

func TestCacheKeepsNoLongTexts(t *testing.T) {
	c := NewCache(1024, 16<<20)
	sql := []byte("SELECT '" + strings.Repeat("x", maxCachedText) + "'")
	c.Summary(sql, Options{})
	if _, hit := c.Summary(sql, Options{}); hit || c.Stats().Entries != 0 {
		t.Error("kept")
	}
}

func TestCacheWithoutRoomStillAnswers(t *testing.T) {
	c := NewCache(0, 0)
	for range 2 {
		if s, hit := c.Summary([]byte("DELETE FROM a"), Options{}); hit || !s.Effects.Has(Delete) {
			t.Error("not judged afresh")
		}
	}
}

func TestCacheHitDoesNotAllocate(t *testing.T) {
	c := NewCache(1024, 1<<20)
	exact, similar := []byte("DELETE FROM a WHERE b = $1"), []byte("DELETE FROM a WHERE b = 'x' AND c = 5")
	c.Summary(exact, Options{})
	c.Summary(similar, Options{})
	for _, sql := range [][]byte{exact, similar} {
		if n := testing.AllocsPerRun(100, func() { c.Summary(sql, Options{}) }); n > 0 {
			t.Errorf("%s: %v allocations", sql, n)
		}
	}
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	c := NewCache(64, 1<<16)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 2000 {
				sql := fmt.Sprintf("DELETE FROM a%d WHERE b = %d", i%50, i)
				s, _ := c.Summary([]byte(sql), Options{})
				if want := fmt.Sprintf("a%d", i%50); s.Statements[0].Acts[0].Relation.Name != want {
					t.Errorf("%s: %v", sql, s.Statements[0].Acts)
				}
			}
		})
	}
	wait.Wait()
}

func TestSummariesInTheCacheAreEqualToFreshOnes(t *testing.T) {
	c := NewCache(4096, 16<<20)
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			for range 2 {
				got, _ := c.Summary([]byte(s.sql), s.options)
				want := Summarize(s.sql, s.options)
				if got.Effects != want.Effects || got.Parsed != want.Parsed || describe(got) != describe(want) {
					t.Errorf("%s\n got %s\nwant %s", s.sql, describe(got), describe(want))
				}
			}
		}
	}
}
