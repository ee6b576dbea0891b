package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
)

// receiptLog is an audit log with a statement, which has a receipt, and its commit.
func receiptLog(t *testing.T, outcome string) string {
	t.Helper()
	rows := int64(40)
	log := ""
	for _, e := range []audit.Event{
		{ID: "pgc-0", Type: audit.StatementEvent, SQL: "DELETE FROM other"},
		{
			ID: "pgc-1", Type: audit.StatementEvent, SQL: "DELETE\nFROM coupons", Rows: &rows, Effects: []string{"delete"}, Relations: []string{"coupons"},
			User: "app", Receipt: &audit.Receipt{
				Before: "0/3000148", Timeline: 1, Time: "2026-11-22 03:00:00.000000+00", TransactionID: "742", Missing: []string{"restore point: not allowed"},
				Copies: []audit.Copy{{Relation: "public.coupons", Into: "pgcordon_receipts.x", Rows: 40, Complete: true, Columns: []string{"id"}}},
			},
		},
		{ID: "pgc-2", Type: audit.TransactionEvent, Transaction: &audit.Transaction{Receipts: []string{"pgc-1"}, Outcome: outcome, After: "0/30A0150"}},
	} {
		e.Time = time.Unix(0, 0)
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		log += string(line) + "\n"
	}
	return log
}

func TestReceiptTellsHowToUndoAStatement(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(log, []byte(receiptLog(t, audit.Committed)), 0o600); err != nil {
		t.Fatal(err)
	}
	config := configFile(t, twoTargets+"audit: {file: "+log+"}\n")
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  []string
	}{
		"from a file": {"", []string{"--file", log, "pgc-1"}, []string{
			"statement   DELETE FROM coupons", "rows        40", "from 0/3000148 to 0/30A0150 on timeline 1", "outcome     committed", "restore point: not allowed",
			"INSERT INTO public.coupons (id)", "recovery_target_xid = '742'\nrecovery_target_inclusive = 'off'", "recovery_target_lsn = '0/3000148'",
		}},
		"by the configuration": {"", []string{"--config", config, "pgc-1"}, []string{"recovery_target_xid = '742'"}},
		"rolled back":          {receiptLog(t, audit.RolledBack), []string{"--file", "-", "pgc-1"}, []string{"nothing to undo"}},
		"not over":             {strings.SplitAfter(receiptLog(t, ""), "\n")[1], []string{"--file", "-", "pgc-1"}, []string{"pg_xact_status('742')", "recovery_target_xid"}},
		"as JSON":              {"", []string{"--file", log, "--json", "pgc-1"}, []string{`"kind": "transaction"`, `"name": "recovery_target_xid"`}},
	} {
		code, text := outcome(c.stdin, append([]string{"receipt"}, c.args...)...)
		if code != 0 || !containsAll(text, c.want) {
			t.Errorf("%s: status %d\n%s", name, code, text)
		}
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no such event":  {[]string{"--file", log, "pgc-9"}, "no such event"},
		"no receipt":     {[]string{"--file", log, "pgc-0"}, "no receipt"},
		"no log":         {[]string{"pgc-1"}, "--file"},
		"no such log":    {[]string{"--file", log + "x", "pgc-1"}, "no such file"},
		"nothing logged": {[]string{"--config", configFile(t, twoTargets), "pgc-1"}, "audit.file"},
	} {
		if code, text := outcome("", append([]string{"receipt"}, c.args...)...); code != 1 || !strings.Contains(text, c.want) {
			t.Errorf("%s: status %d\n%s", name, code, text)
		}
	}
}
