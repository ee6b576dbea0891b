package recovery

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
)

func receipt() *audit.Receipt {
	return &audit.Receipt{
		Before: "0/16B3740", Timeline: 26, Time: "2026-11-22 03:00:00.000000+00", TransactionID: "4294968038", RestorePoint: "pgc-1",
	}
}

func planOf(t *testing.T, r *audit.Receipt, end *audit.Transaction, effects ...string) *Plan {
	t.Helper()
	p, err := New(audit.Event{ID: "pgc-1", Effects: effects, Receipt: r}, end)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTargetsAreWrittenAsPostgreSQLReadsThem(t *testing.T) {
	var got []string
	for _, target := range planOf(t, receipt(), nil).Targets {
		got = append(got, "# "+target.Kind)
		for _, s := range target.Settings {
			got = append(got, s.String())
		}
	}
	const common = `
archive_mode = 'off'
recovery_target_action = 'pause'
recovery_target_timeline = '26'
`
	// The id is that of the second epoch, and recovery compares 32 bits.
	const want = `# transaction
recovery_target_xid = '742'
recovery_target_inclusive = 'off'` + common + `# position
recovery_target_lsn = '0/16B3740'
recovery_target_inclusive = 'off'` + common + `# restore_point
recovery_target_name = 'pgc-1'` + common + `# time
recovery_target_time = '2026-11-22 03:00:00.000000+00'
recovery_target_inclusive = 'off'` + common
	if text := strings.Join(got, "\n") + "\n"; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
}

func TestThereAreOnlyTheTargetsThatTheReceiptKnows(t *testing.T) {
	for kind, r := range map[string]*audit.Receipt{
		"transaction": {TransactionID: "742"}, "position": {Before: "0/1"}, "restore_point": {RestorePoint: "x"}, "time": {Time: "x"},
	} {
		p := planOf(t, r, nil)
		if len(p.Targets) != 1 || p.Targets[0].Kind != kind || p.Targets[0].Loses == "" {
			t.Errorf("%s: %+v", kind, p.Targets)
		}
	}
}

func TestWhereTheServerWasNotAskedTheClockTells(t *testing.T) {
	e := audit.Event{ID: "pgc-1", Time: time.Date(2026, 11, 22, 4, 0, 0, 5000, time.FixedZone("", 3600)), Receipt: &audit.Receipt{Missing: []string{"everything"}}}
	p, err := New(e, nil)
	if err != nil || len(p.Targets) != 1 || p.Targets[0].Kind != "clock" || p.Targets[0].Settings[0].String() != "recovery_target_time = '2026-11-22 03:00:00.000005+00'" {
		t.Errorf("%+v, %v", p, err)
	}
	e.Receipt = receipt()
	if p, err = New(e, nil); err != nil || p.Targets[len(p.Targets)-1].Kind != "time" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestThereIsNothingToUndoOfWhatWasRolledBack(t *testing.T) {
	r := receipt()
	r.Copies = []audit.Copy{{Relation: "public.t", Columns: []string{"id"}}}
	if p := planOf(t, r, &audit.Transaction{Outcome: audit.RolledBack}, "delete"); p.Targets != nil || p.Rows != nil {
		t.Errorf("%+v", p)
	}
	for _, end := range []*audit.Transaction{nil, {Outcome: audit.Unknown}, {Outcome: audit.Committed}} {
		if p := planOf(t, r, end, "delete"); p.Targets == nil || p.Rows == nil {
			t.Errorf("%+v: %+v", end, p)
		}
	}
}

func TestRowsAreWrittenBack(t *testing.T) {
	whole := audit.Copy{Relation: "public.t", Into: "r.c", Rows: 3, Complete: true, Columns: []string{"id", `"N"`, "at"}, Key: []string{"id"}}
	changed, partial, dropped, unknown := whole, whole, whole, whole
	changed.Changed = true
	keyless := changed
	keyless.Key, partial.Complete, dropped.Dropped, unknown.Columns = nil, false, true, nil
	const insert = "INSERT INTO public.t (id, \"N\", at) OVERRIDING SYSTEM VALUE\n  SELECT id, \"N\", at FROM r.c;"
	for name, tt := range map[string]struct {
		copied         audit.Copy
		effect         string
		sql, mentioned string
	}{
		"deleted":          {whole, "delete", insert, "duplicate"},
		"truncated":        {whole, "truncate", insert, ""},
		"partly copied":    {partial, "delete", insert, "not all of the rows"},
		"updated":          {changed, "update", "UPDATE public.t AS new SET (\"N\", at) = ROW (old.\"N\", old.at)\n  FROM r.c AS old WHERE new.id = old.id;", "undone, too"},
		"updated, no key":  {keyless, "update", "", "no primary key"},
		"dropped":          {dropped, "drop", "CREATE TABLE public.t AS TABLE r.c;", "without its constraints"},
		"columns unknown":  {unknown, "delete", "", "by hand"},
		"nothing but keys": {audit.Copy{Columns: []string{"id"}, Key: []string{"id"}, Complete: true, Changed: true}, "update", "", "by hand"},
	} {
		r := receipt()
		r.Copies = []audit.Copy{tt.copied}
		rows := planOf(t, r, nil, tt.effect).Rows
		if len(rows) != 1 || rows[0].SQL != tt.sql || !strings.Contains(rows[0].Note, tt.mentioned) {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}

func TestEventWithoutAReceiptHasNoPlan(t *testing.T) {
	if _, err := New(audit.Event{ID: "pgc-1"}, nil); !errors.Is(err, ErrNoReceipt) {
		t.Error(err)
	}
}
