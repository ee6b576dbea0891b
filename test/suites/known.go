package suites

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed testdata/differences.txt
var differences string

// known is a difference that has a reason. Its hunk counts as often as it is listed.
type known struct {
	policy, suite, file string
	text, reason        string
}

// parseKnown reads differences.txt. "# " begins a reason, which holds for the hunks
// below it; "POLICY SUITE FILE" introduces a hunk, whose lines begin with - or +.
func parseKnown(text string) (list []known, err error) {
	var reason string
	inReason := false
	for number, line := range strings.Split(text, "\n") {
		switch comment, isComment := strings.CutPrefix(line, "# "); {
		case isComment && inReason:
			reason += " " + comment
		case isComment:
			reason, inReason = comment, true
		case line == "":
		case line[0] == '-' || line[0] == '+' || line[0] == '\\':
			if len(list) == 0 {
				return nil, fmt.Errorf("line %d: a hunk of no file", number+1)
			}
			list[len(list)-1].text += line + "\n"
		default:
			inReason = false
			f := strings.Fields(line)
			if len(f) != 3 || reason == "" {
				return nil, fmt.Errorf("line %d: want policy, suite and file below a reason", number+1)
			}
			list = append(list, known{policy: f[0], suite: f[1], file: f[2], reason: reason})
		}
	}
	return list, nil
}

// explain pairs hunks with known differences: the unexplained are new; the missing
// are known and did not appear, although their test ran.
func explain(policy, suite string, hunks []hunk, list []known, ran func(file string) bool) (reasons []string, unexplained []hunk, missing []known) {
	for _, k := range list {
		if k.policy == policy && k.suite == suite && ran(k.file) {
			missing = append(missing, k)
		}
	}
	for _, h := range hunks {
		at := -1
		for i, k := range missing {
			if k.file == h.file && k.text == h.text {
				at = i
				break
			}
		}
		if at < 0 {
			unexplained = append(unexplained, h)
			reasons = append(reasons, "")
			continue
		}
		reasons = append(reasons, missing[at].reason)
		missing = append(missing[:at], missing[at+1:]...)
	}
	return reasons, unexplained, missing
}
