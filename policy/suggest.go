package policy

import (
	"slices"
	"strings"
)

// synonyms are words of other programs, and the words that they may stand for here.
var synonyms = map[string][]string{
	"block": {"deny"}, "reject": {"deny"}, "refuse": {"deny"}, "forbid": {"deny"},
	"permit": {"allow"}, "accept": {"allow"}, "pass": {"allow"},
	"log": {"audit", "record"}, "would_refuse": {"would_deny"},
	"dry_run": {"audit"}, "monitor": {"audit"}, "observe": {"audit"}, "warn": {"audit"},
	"table": {"relation"}, "tables": {"relation"}, "view": {"relation"}, "schema": {"object"}, "setting": {"object"}, "parameter": {"object"}, "extension": {"object"},
	"role": {"user"}, "username": {"user"}, "login_user": {"user"}, "db": {"database"}, "dbname": {"database"},
	"application_name": {"application"}, "app": {"application"}, "procedure": {"function"},
	"command": {"effect"}, "operation": {"effect"}, "verb": {"effect"}, "kind": {"effect"},
	"env": {"environment", "source"}, "environment": {"source"}, "from": {"source"}, "to": {"target"},
	"address": {"cidr"}, "ip": {"cidr", "address"}, "network": {"cidr"}, "subnet": {"cidr"}, "cidr": {"address"},
	"server": {"upstream", "target"}, "host": {"upstream", "target"}, "backend": {"upstream"}, "port": {"listen"},
	"match": {"when"}, "if": {"when"}, "conditions": {"when"}, "rules": {"statements"}, "set": {"sets"},
	"statements": {"steps"}, "queries": {"steps"}, "args": {"parameters"}, "params": {"parameters"}, "wait": {"after"},
}

// elsewhere names the list whose rules have a key that is looked for in another.
var elsewhere = map[string]string{
	"effect": "statements", "relation": "statements", "breadth": "statements", "function": "statements", "object": "statements", "trait": "statements",
	"allowance": "statements", "cidr": "sources", "balancer": "sources", "unix": "sources", "certificate": "sources",
}

// suggestion returns "did you mean ..." for a slip of the finger or a word of another
// program, else the whole choice.
func suggestion(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, candidate := range known {
		if n := distance(strings.ToLower(word), candidate); n <= least && n < len(candidate) {
			best, least = candidate, n-1
		}
	}
	if best == "" {
		best = synonym(word, known)
	}
	if best != "" {
		return `did you mean "` + best + `"?`
	}
	choice := "known are " + strings.Join(known, ", ")
	if list := elsewhere[word]; list != "" {
		choice += "; " + word + " is for rules under " + list
	}
	return choice
}

// synonym returns the known word that another stands for, empty if there is none.
func synonym(word string, known []string) string {
	for _, candidate := range synonyms[strings.ReplaceAll(strings.ToLower(word), "-", "_")] {
		if slices.Contains(known, candidate) {
			return candidate
		}
	}
	return ""
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that make b of a (optimal string alignment). Words longer
// than any key are not worth comparing.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest {
		return len(a)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
