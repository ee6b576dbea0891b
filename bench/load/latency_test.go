package load

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestTransactionsAreTimedButForTheFirstOfEachClient(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"log.77":   "0 1 9000 0 1700000000 1\n1 1 8000 0 1700000000 2\n1 2 30 0 1700000000 3\n0 2 10 0 1700000000 4\n",
		"log.77.1": "2 1 7000 0 1700000000 1\n2 2 20 0 1700000000 2\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []time.Duration{10 * time.Microsecond, 20 * time.Microsecond, 30 * time.Microsecond}
	if got, err := timed(folder); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLogWithoutATimeIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "only first ones": "0 1 9000 0 1700000000 1\n", "a failure": "0 1 10 0 1 1\n0 2 failed 0 1700000000 1\n",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "log.77"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := timed(folder); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
