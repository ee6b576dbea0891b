package audit

import (
	"errors"
	"strings"
	"testing"
)

func TestReceiptIsFoundWithTheEndOfItsTransaction(t *testing.T) {
	receipt := Event{Time: noon, Type: StatementEvent, ID: "pgc-1", Receipt: &Receipt{Before: "0/1"}}
	other := Event{Time: noon, Type: StatementEvent, ID: "pgc-2", SQL: "SELECT 'pgc-1'", Receipt: &Receipt{Before: "0/2"}}
	end := Event{Time: noon, Type: TransactionEvent, ID: "pgc-3", Transaction: &Transaction{Receipts: []string{"pgc-0", "pgc-1"}, Outcome: Committed}}
	for name, tt := range map[string]struct {
		log    string
		before string
		ended  bool
	}{
		"whole":                {lineOf(receipt) + lineOf(other) + lineOf(end), "0/1", true},
		"not over":             {lineOf(other) + lineOf(receipt), "0/1", false},
		"without a last line":  {lineOf(receipt) + lineOf(end)[:90], "0/1", false},
		"broken in the middle": {"{pgc-1\n" + lineOf(receipt) + "pgc-1\n" + lineOf(end), "0/1", true},
		"long lines":           {strings.Repeat("x", 1<<17) + "\n" + lineOf(receipt) + lineOf(end), "0/1", true},
		"nowhere":              {lineOf(other) + lineOf(end), "", false},
	} {
		statement, end, err := FindReceipt(strings.NewReader(tt.log), "pgc-1")
		if tt.before == "" {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %+v, %v", name, statement, err)
			}
			continue
		}
		if err != nil || statement.Receipt.Before != tt.before || (end != nil) != tt.ended {
			t.Errorf("%s: %+v, %+v, %v", name, statement, end, err)
		}
	}
}
