package parser

import (
	"bytes"
	"testing"
)

// wronglyClean returns the effects and functions of a text for which a Prefilter calls it
// clean all the same.
func wronglyClean(sql string, o Options) (effects []Effect, functions []string) {
	s := Summarize(sql, o)
	for _, e := range s.Effects.List() {
		if e != Unknown && NewPrefilter(SetOf(e), nil).Clean([]byte(sql)) {
			effects = append(effects, e)
		}
	}
	for _, st := range s.Statements {
		for _, f := range st.Functions {
			if NewPrefilter(0, []string{f}).Clean([]byte(sql)) {
				functions = append(functions, f)
			}
		}
	}
	return effects, functions
}

func TestPrefilterNeverPassesAnEffect(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			if effects, functions := wronglyClean(s.sql, s.options); effects != nil || functions != nil {
				t.Errorf("%s\nclean of %v %v", s.sql, effects, functions)
			}
		}
	}
}

func TestPrefilterSearchesWholeWordsInAnyPlace(t *testing.T) {
	p := NewPrefilter(SetOf(Delete, Truncate, Function), []string{"app.purge"})
	for _, c := range []struct {
		sql   string
		clean bool
	}{
		{"SELECT * FROM orders WHERE id = $1", true},
		{"UPDATE orders SET deleted = true", true},
		{"SELECT undelete, delete_me, delete2, delete$, deletes FROM a", true},
		{"SELECT éDELETE, DELETEé FROM a", true},
		{"SELECT purged, app.purger()", true},
		{"", true},
		{"DELETE FROM a", false},
		{"dELeTE", false},
		{"SELECT 'delete'", false},
		{"SELECT 1 -- delete", false},
		{"SELECT 1delete", false},
		{"SELECT 1e5delete", false},
		{"SELECT 0x1fdelete", true}, // one identifier, or no number
		{"SELECT $1delete", false},
		{"SELECT $a$x$a$delete", false},
		{"SELECT ';'truncate a", false},
		{"SELECT (x).lo_unlink", false},
		{`SELECT "lo_unlink"(1)`, false},
		{`SELECT U&"lo\005funlink"(1)`, false},
		{`SELECT u&"x"`, false},
		{"SELECT PURGE()", false},
		{"\x00delete\x00", false},
	} {
		if got := p.Clean([]byte(c.sql)); got != c.clean {
			t.Errorf("%q: clean %v", c.sql, got)
		}
	}
}

func TestPrefilterWithReadPassesNothing(t *testing.T) {
	if NewPrefilter(SetOf(Read), nil).Clean([]byte("x")) {
		t.Error("clean")
	}
}

func TestPrefilterThatCannotSearchANamePassesNothing(t *testing.T) {
	for _, name := range []string{"app.Ünique", `"my func"`, "", "app.", string(bytes.Repeat([]byte("a"), 64))} {
		if NewPrefilter(0, []string{name}).Clean([]byte("SELECT 1")) {
			t.Errorf("%q: clean", name)
		}
	}
}

func TestPrefilterDoesNotAllocate(t *testing.T) {
	p := NewPrefilter(AllEffects&^SetOf(Read), nil)
	sql := []byte("SELECT o.id, o.total1x FROM orders o WHERE o.customer_id = $1 AND status IN ('paid', 'open')")
	if n := testing.AllocsPerRun(100, func() { p.Clean(sql) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPrefilterSound(f *testing.F) {
	for _, file := range corpusFiles(f) {
		for _, s := range readCorpus(f, file) {
			f.Add(s.sql, s.options.NonConforming, s.options.Replication)
		}
	}
	f.Fuzz(func(t *testing.T, sql string, nonConforming, replication bool) {
		if effects, functions := wronglyClean(sql, Options{NonConforming: nonConforming, Replication: replication}); effects != nil {
			t.Errorf("%q is clean of %v %v", sql, effects, functions)
		}
	})
}

func BenchmarkPrefilter(b *testing.B) {
	p := NewPrefilter(SetOf(Delete, Update, Truncate, Drop, Alter, Function), nil)
	sql := []byte("SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1")
	b.SetBytes(int64(len(sql)))
	for b.Loop() {
		p.Clean(sql)
	}
}
