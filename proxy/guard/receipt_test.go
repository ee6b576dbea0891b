package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

// planned is the receipt of a text whose rows are to be copied, up to three.
func planned(sql string) *receipt {
	r := &receipt{wanted: &policy.Receipt{CopyRows: 3, CopySchema: "s"}, id: "pgc-1"}
	r.plan(sql, nil)
	return r
}

// everything can be had, of a table t with the key id.
func everything(change func(*means, *table)) means {
	m := means{Position: true, Mark: true, Space: true, Tables: []table{
		{Name: "public.t", Kind: "r", Read: true, Lock: true, Columns: []string{"id"}, Key: []string{"id"}},
	}}
	if change != nil {
		change(&m, &m.Tables[0])
	}
	return m
}

func TestCopyIsMadeWhereItCanBeExact(t *testing.T) {
	const remove, empty = "DELETE FROM t WHERE random() < 1", "TRUNCATE t"
	for name, tt := range map[string]struct {
		sql    string
		change func(*means, *table)
		want   string // why not; empty: it is made
	}{
		"by row":                   {remove, nil, ""},
		"whole":                    {empty, nil, ""},
		"no such table":            {empty, func(_ *means, t *table) { t.Name = "" }, ""},
		"no schema":                {remove, func(m *means, _ *table) { m.Space = false }, "there is no schema s"},
		"volatile":                 {remove, func(m *means, _ *table) { m.Volatile = []string{"random"} }, "random, which is volatile"},
		"view":                     {remove, func(_ *means, t *table) { t.Kind = "v" }, "not a table"},
		"partitioned":              {remove, func(_ *means, t *table) { t.Kind = "p" }, ""},
		"inherited":                {remove, func(_ *means, t *table) { t.Heirs = true }, "has children"},
		"hidden rows":              {empty, func(_ *means, t *table) { t.Hidden = true }, "row-level security"},
		"unreadable":               {empty, func(_ *means, t *table) { t.Read = false }, "may not SELECT"},
		"unlockable rows":          {remove, func(_ *means, t *table) { t.Lock = false }, "may not lock rows"},
		"whole, without row locks": {empty, func(_ *means, t *table) { t.Lock = false }, ""},
	} {
		r := planned(tt.sql)
		r.able(everything(tt.change))
		if tt.want == "" && r.uncopied != "" || !strings.Contains(r.uncopied, tt.want) || r.uncopied != "" && (len(r.copies) > 0 || len(r.Missing) == 0) {
			t.Errorf("%s: %q, %+v", name, r.uncopied, r.copies)
		}
	}
}

func TestCopyIsCompleteWhereItHasAsManyRowsAsTheStatement(t *testing.T) {
	for name, tt := range map[string]struct {
		sql            string
		copied, tagged int64
		complete       bool
	}{
		"as many":               {"DELETE FROM t", 3, 3, true},
		"none":                  {"DELETE FROM t", 0, 0, true},
		"one was added":         {"DELETE FROM t", 2, 3, false},
		"the trigger kept one":  {"DELETE FROM t", 3, 2, false},
		"more than are copied":  {"DELETE FROM t", 4, 9, false},
		"nobody tells":          {"UPDATE t SET a = 1", 3, -1, false},
		"whole":                 {"TRUNCATE t", 3, -1, true},
		"more than are copied ": {"TRUNCATE t", 4, -1, false},
	} {
		r := planned(tt.sql)
		r.able(everything(nil))
		r.copied(0, tt.copied)
		r.counted(tt.tagged)
		if r.Copies[0].Complete != tt.complete || (r.uncopied == "") != tt.complete || r.Copies[0].Into != `"s"."pgc-1"` {
			t.Errorf("%s: %+v, %q", name, r.Copies[0], r.uncopied)
		}
	}
}

func TestMomentTellsTheTimeline(t *testing.T) {
	r := &receipt{}
	r.moment([][]string{{"2026-11-22 03:00:00.000000+00", "1A/16B3740", "0000001B0000001A00000001"}})
	if r.Time == "" || r.Position != "1A/16B3740" || r.Timeline != 27 {
		t.Errorf("%+v", r)
	}
	for _, rows := range [][][]string{nil, {{}}, {{"now"}}, {{"now", "0/1", "0"}}} {
		r := &receipt{}
		if r.moment(rows); r.Time == "" || r.Timeline != 0 {
			t.Errorf("%q: %+v", rows, r)
		}
	}
}

func TestEndOfATransactionIsSeen(t *testing.T) {
	commit, rollback, failure := "C\x00\x00\x00\x0bCOMMIT\x00", "C\x00\x00\x00\x0dROLLBACK\x00", "E\x00\x00\x00\x05\x00"
	idle, open := "Z\x00\x00\x00\x05I", "Z\x00\x00\x00\x05T"
	for name, tt := range map[string]struct {
		messages []string
		outcome  Outcome
		partly   bool
	}{
		"commit":                  {[]string{open, commit, idle}, Committed, false},
		"implicit commit":         {[]string{idle}, Committed, false},
		"commit, then an error":   {[]string{commit, failure, idle}, Committed, false},
		"rollback":                {[]string{open, rollback, idle}, RolledBack, false},
		"error":                   {[]string{failure, idle}, RolledBack, false},
		"savepoint":               {[]string{failure, open, rollback, open, commit, idle}, Committed, true},
		"PREPARE TRANSACTION":     {[]string{"C\x00\x00\x00\x18PREPARE TRANSACTION\x00", idle}, Prepared, false},
		"still open":              {[]string{open, open}, Unknown, false},
		"COMMIT AND CHAIN":        {[]string{commit, open, rollback, idle}, Committed, false},
		"deferred constraint":     {[]string{open, failure, idle}, RolledBack, false},
		"commit of a failed one":  {[]string{open, failure, "Z\x00\x00\x00\x05E", rollback, idle}, RolledBack, false},
		"what comes of the next":  {[]string{idle, failure, idle}, Committed, false},
		"other tags say nothing":  {[]string{"C\x00\x00\x00\x0dDELETE 1\x00", open}, Unknown, false},
		"the next one rolls back": {[]string{commit, idle, rollback, idle}, Committed, false},
	} {
		u := &unsettled{}
		for _, m := range tt.messages {
			u.sees([]byte(m))
		}
		if u.Outcome != tt.outcome || u.PartlyUndone != tt.partly {
			t.Errorf("%s: %+v", name, u.Ending)
		}
	}
}
