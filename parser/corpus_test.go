package parser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what Summarize says into the corpus")

// sample is one text of the corpus with what it is expected to do. In the files
// samples are parted by empty lines; a line "=>" ends the SQL and lists the acts,
// "!" the reading: nonconforming, replication, unparsed.
type sample struct {
	comment string
	sql     string
	options Options
	flags   string
	want    string
}

func readCorpus(t testing.TB, path string) []sample {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		all = append(all, parseSample(block))
	}
	return all
}

func parseSample(block string) sample {
	var s sample
	var sql []string
	for line := range strings.Lines(block) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "# "):
			s.comment += line + "\n"
		case strings.HasPrefix(line, "! "):
			s.flags = strings.TrimPrefix(line, "! ")
		case strings.HasPrefix(line, "=>"):
			s.want = strings.TrimSpace(strings.TrimPrefix(line, "=>"))
		default:
			sql = append(sql, line)
		}
	}
	s.sql = strings.Join(sql, "\n")
	s.options = Options{
		NonConforming: strings.Contains(s.flags, "nonconforming"),
		Replication:   strings.Contains(s.flags, "replication"),
	}
	return s
}

// describe writes acts as the corpus does: effect, relation, ~breadth, @object, !traits.
func describe(s *Summary) string {
	var acts []string
	for _, st := range s.Statements {
		for _, a := range st.Acts {
			acts = append(acts, describeAct(a))
		}
	}
	return strings.Join(acts, ", ")
}

func describeAct(a Act) string {
	text := a.Effect.String()
	if a.Relation != (Relation{}) {
		text += " " + a.Relation.String()
	}
	if a.Breadth != NotApplicable {
		text += " ~" + a.Breadth.String() + describeValues(a)
	}
	if a.Object != "" {
		text += " @" + a.Object
	}
	if a.Traits != 0 {
		text += " !" + a.Traits.String()
	}
	return text
}

// describeValues writes how many values a Bounded act counts, unless it is one.
func describeValues(a Act) string {
	switch {
	case a.Breadth != Bounded || a.Values == 1 && !a.Limited:
		return ""
	case a.Values == 0:
		return "(?)"
	case a.Limited:
		return fmt.Sprintf("(limit %d)", a.Values)
	}
	return fmt.Sprintf("(%d)", a.Values)
}

func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	return files
}

func TestCorpusIsJudgedAsExpected(t *testing.T) {
	for _, file := range corpusFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			samples := readCorpus(t, file)
			for i := range samples {
				s := &samples[i]
				got := Summarize(s.sql, s.options)
				if *update {
					s.want = describe(got)
					continue
				}
				if describe(got) != s.want {
					t.Errorf("%s\n got %s\nwant %s", s.sql, describe(got), s.want)
				}
				if unparsed := strings.Contains(s.flags, "unparsed"); unparsed == got.Parsed {
					t.Errorf("%s\nparsed %v (%s)", s.sql, got.Parsed, got.Reason)
				}
			}
			if *update {
				writeCorpus(t, file, samples)
			}
		})
	}
}

func writeCorpus(t *testing.T, file string, samples []sample) {
	var blocks []string
	for _, s := range samples {
		block := s.comment
		if s.flags != "" {
			block += "! " + s.flags + "\n"
		}
		blocks = append(blocks, strings.TrimSuffix(block+s.sql+"\n=> "+s.want, " "))
	}
	if err := os.WriteFile(file, []byte(strings.Join(blocks, "\n\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
