package truth

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The ways to destroy, as cases name them. doc.go says what they mean.
const (
	lostRows         = "rows"
	lostValues       = "values"
	lostColumns      = "columns"
	lostObjects      = "objects"
	lostLargeObjects = "large objects"
	lostSettings     = "settings"
	lostSequences    = "sequences"
)

var ways = []string{lostRows, lostValues, lostColumns, lostObjects, lostLargeObjects, lostSettings, lostSequences}

// losses is what is destroyed between two snapshots: for each way to destroy,
// what it hit.
type losses map[string][]string

// add notes a loss.
func (l losses) add(way, what string) { l[way] = append(l[way], what) }

func (l losses) ways() []string { return slices.Sorted(maps.Keys(l)) }

func (l losses) String() string {
	var all []string
	for _, way := range l.ways() {
		all = append(all, way+": "+strings.Join(l[way], ", "))
	}
	return strings.Join(all, "; ")
}

// compare tells what is lost. unclear lists tables of which more than a few rows
// are gone but less than half: such a case proves nothing.
func compare(before, after snapshot) (l losses, unclear []string) {
	l = losses{}
	shrunk := compareColumns(l, before, after)
	for oid, was := range before["rows"] {
		now, there := after["rows"][oid]
		if there && now != was && !shrunk[oid] {
			unclear = append(unclear, compareRows(l, was, now)...)
		}
	}
	compareObjects(l, before, after)
	for oid, name := range before["database"] {
		if _, there := after["database"][oid]; !there {
			l.add(lostObjects, "database "+name)
		}
	}
	unclear = append(unclear, compareLargeObjects(l, before["large object"], after["large object"])...)
	for name, next := range before["sequence"] {
		if now, there := after["sequence"][name]; there && number(now) < number(next) {
			l.add(lostSequences, fmt.Sprintf("%s from %s to %s", name, next, now))
		}
	}
	compareSettings(l, before["setting"], after["setting"])
	return l, unclear
}

// compareRows judges a table by the versions of rows that are gone.
func compareRows(l losses, was, now string) (unclear []string) {
	name, before := versions(was)
	_, after := versions(now)
	total, left, gone := 0, 0, 0
	for hash, n := range before {
		total += n
		gone += max(n-after[hash], 0)
	}
	for _, n := range after {
		left += n
	}
	way := lostValues
	if 2*(total-left) >= total {
		way = lostRows
	}
	return l.share(way, gone, total, name)
}

// compareLargeObjects judges them as the rows of a table.
func compareLargeObjects(l losses, before, after map[string]string) (unclear []string) {
	gone := 0
	for oid, content := range before {
		if after[oid] != content {
			gone++
		}
	}
	return l.share(lostLargeObjects, gone, len(before), "the database")
}

// share notes a loss where at least half of something is gone.
func (l losses) share(way string, gone, total int, of string) (unclear []string) {
	what := fmt.Sprintf("%d of %d in %s", gone, total, of)
	switch {
	case gone == 0:
	case 2*gone >= total:
		l.add(way, what)
	case 4*gone > total:
		return []string{what}
	}
	return nil
}

// compareColumns returns the tables that lost one: their rows cannot be compared.
func compareColumns(l losses, before, after snapshot) (shrunk map[string]bool) {
	shrunk = map[string]bool{}
	for key, description := range before["column"] {
		relation, _, _ := strings.Cut(key, ".")
		_, there := after["column"][key]
		if _, relationThere := after["object"]["pg_class/"+relation]; !there && relationThere {
			l.add(lostColumns, description)
			shrunk[relation] = true
		}
	}
	return shrunk
}

// compareObjects finds the objects that are gone. An index or a constraint that
// was made anew under its old name, as ALTER TYPE does, is not.
func compareObjects(l losses, before, after snapshot) {
	names := map[string]bool{}
	for key, description := range after["object"] {
		if strings.HasPrefix(description, "index ") || strings.HasPrefix(key, "pg_constraint/") {
			names[description] = true
		}
	}
	for key, description := range before["object"] {
		if _, there := after["object"][key]; !there && !names[description] {
			l.add(lostObjects, description)
		}
	}
}

// compareSettings finds what was changed, taken away or added: all of them outlive
// the session.
func compareSettings(l losses, before, after map[string]string) {
	for name, value := range before {
		if now, there := after[name]; !there || now != value {
			l.add(lostSettings, name)
		}
	}
	for name := range after {
		if _, there := before[name]; !there {
			l.add(lostSettings, name)
		}
	}
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
