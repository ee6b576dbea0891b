package truth

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed testdata/snapshot.sql
var snapshotSQL string

// snapshot is what a database holds: for each kind of thing its keys and what is
// known of them. truth.snapshot() in testdata/snapshot.sql takes it.
type snapshot map[string]map[string]string

// look takes a snapshot as the session sees the database, in its transaction.
// Described, the names of objects are found out too, which costs more.
func (s *session) look(described bool) (snapshot, error) {
	r, err := s.must(fmt.Sprintf("SELECT * FROM truth.snapshot(%t)", described))
	if err != nil {
		return nil, fmt.Errorf("take a snapshot: %w", err)
	}
	all := snapshot{}
	for _, row := range r.rows {
		if all[row[0]] == nil {
			all[row[0]] = map[string]string{}
		}
		all[row[0]][row[1]] = row[2]
	}
	return all, nil
}

// versions parts what is known of a table's rows: its name, and how often each
// version of a row is there.
func versions(rows string) (name string, count map[string]int) {
	count = map[string]int{}
	name, hashes, _ := strings.Cut(rows, " ")
	for _, h := range strings.Fields(hashes) {
		count[h]++
	}
	return name, count
}
