package policy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// slip is a slip of the pen that breaks YAML, as its parser reports it, and what to
// do about it.
type slip struct {
	complaint string // of the parser, its beginning
	// early is by how many lines the parser places it too early: errors of its
	// grammar are counted from 0, those of its scanner from 1.
	early int
	// where finds the slip from that line on; its first group says what it is.
	where  *regexp.Regexp
	advice string // with %s for the group
}

var slips = []slip{
	{"found a tab character", 0, regexp.MustCompile(`(?m)^ *(\t)`), "indent with spaces, not with tabs"},
	{"found character that cannot start any token", 0, regexp.MustCompile(`(?m)^[ -]*(\t)`), "indent with spaces, not with tabs"},
	{"found character that cannot start any token", 0, regexp.MustCompile("(?:^|[\\s\\[{,])([@`%][^\\s,\\]}]*)"), `put "%s" in quotes`},
	{"did not find expected alphabetic or numeric character", 0, regexp.MustCompile(`(?:^|[\s\[{,])([*&][^\s,\]}]*)`), `put "%s" in quotes`},
	{"unknown anchor", 0, regexp.MustCompile(`(?:^|[\s\[{,])(\*[^\s,\]}]+)`), `put "%s" in quotes`},
	{"mapping values are not allowed", 0, regexp.MustCompile(`\A[ -]*[^ :]+: +(\S[^\n]*: )`), "put a text that holds a colon in quotes"},
	{"mapping values are not allowed", 0, regexp.MustCompile(`\A[ -]*(\S)`), "indent the key like those above it"},
	{"did not find expected ',' or '}'", 1, regexp.MustCompile(`(\{)`), "a comma or the closing brace is missing, or a text that holds a colon needs quotes"},
	{"did not find expected ',' or ']'", 1, regexp.MustCompile(`(\[)`), "a comma or the closing bracket is missing, or a text that holds a colon needs quotes"},
	{"did not find expected '-' indicator", 1, regexp.MustCompile(`(\S)`), "what follows in this list is not indented like its first item"},
	{"did not find expected key", 1, regexp.MustCompile(`(\S)`), "what follows in this mapping is not indented like its first key"},
	{"found unexpected end of stream", 0, regexp.MustCompile(`(["'])`), "a quote is not closed"},
}

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s:(.*))$`)

// syntax places an error of the YAML parser, which knows lines but no columns, and
// says what is probably meant.
func (d *decoder) syntax(content []byte, err error) {
	at, complaint := yaml.Node{Line: 1}, err.Error()
	if m := syntaxError.FindStringSubmatch(complaint); m != nil {
		complaint = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			at.Line = n
		}
	}
	for _, s := range slips {
		if line, column, advice, ok := s.find(string(content), complaint, at.Line); ok {
			d.errorf(&yaml.Node{Line: line, Column: column}, "not YAML: %s; %s", complaint, advice)
			return
		}
	}
	d.errorf(&at, "not YAML: %s", complaint)
}

// find looks for the slip at or behind the line that the parser names.
func (s *slip) find(content, complaint string, line int) (atLine, column int, advice string, ok bool) {
	if !strings.HasPrefix(complaint, s.complaint) {
		return 0, 0, "", false
	}
	line += s.early
	start := startOf(content, line)
	m := s.where.FindStringSubmatchIndex(content[start:])
	if m == nil {
		return 0, 0, "", false
	}
	at := start + m[2]
	advice = s.advice
	if strings.Contains(advice, "%s") {
		advice = fmt.Sprintf(advice, content[at:start+m[3]])
	}
	before := content[:at]
	return strings.Count(before, "\n") + 1, at - strings.LastIndexByte(before, '\n'), advice, true
}

// startOf returns where a line begins, counted from 1; the end where there is none.
func startOf(content string, line int) (at int) {
	for ; line > 1; line-- {
		next := strings.IndexByte(content[at:], '\n')
		if next < 0 {
			return len(content)
		}
		at += next + 1
	}
	return at
}
