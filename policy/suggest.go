package policy

import "strings"

// suggestion returns "did you mean ..." for a slip of the finger, else the whole choice.
func suggestion(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, candidate := range known {
		if n := distance(strings.ToLower(word), candidate); n <= least && n < len(candidate) {
			best, least = candidate, n-1
		}
	}
	if best != "" {
		return `did you mean "` + best + `"?`
	}
	return "known are " + strings.Join(known, ", ")
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
