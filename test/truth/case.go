package truth

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Case is a script with a label: what it destroys, by the ways of doc.go; nothing
// of a benign one.
type Case struct {
	File, Script string
	Line         int
	Reason       string
	Class        string   // the folder: destructive, benign or hidden
	Ways         []string // sorted
	From, Until  int      // the majors that know its grammar; Until is 0 for all later ones
	Outside      bool     // cannot run in a transaction, or manages its own
	Disputed     bool     // the guard is known to decide otherwise
	Exclusive    bool     // keeps even readers away from a table until its transaction ends
}

// corpusDir is where the cases are, seen from this package.
const corpusDir = "../../parser/testdata/truth"

// readCases reads a class of the corpus. In the files cases are parted by empty
// lines; "# " begins the reason, "! " what the server is to show.
func readCases(class string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(corpusDir, class, "*.txt"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no cases in %s: %v", class, err)
	}
	var all []Case
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read cases: %w", err)
		}
		line := 1
		for block := range strings.SplitSeq(string(text), "\n\n") {
			c := Case{File: filepath.Base(file), Line: line, Class: class, From: 14}
			if err := c.parse(block); err != nil {
				return nil, fmt.Errorf("%s: %w", &c, err)
			}
			line += strings.Count(block, "\n") + 2
			all = append(all, c)
		}
	}
	return all, nil
}

func (c *Case) parse(block string) error {
	for line := range strings.Lines(block) {
		switch {
		case strings.HasPrefix(line, "# "):
			c.Reason += strings.TrimPrefix(line, "# ")
		case strings.HasPrefix(line, "! "):
			for word := range strings.SplitSeq(strings.TrimPrefix(line, "! "), ",") {
				if err := c.mark(strings.TrimSpace(word)); err != nil {
					return err
				}
			}
		default:
			c.Script += line
		}
	}
	c.Script = strings.TrimSpace(c.Script)
	slices.Sort(c.Ways)
	if c.Script == "" || c.Reason == "" || (len(c.Ways) == 0) != (c.Class == "benign") {
		return fmt.Errorf("a case has a script, a reason and, unless it is benign, what it destroys")
	}
	return nil
}

func (c *Case) mark(word string) (err error) {
	switch name, number, _ := strings.Cut(word, " "); {
	case word == "outside":
		c.Outside = true
	case word == "disputed":
		c.Disputed = true
	case word == "exclusive":
		c.Exclusive = true
	case name == "from":
		c.From, err = strconv.Atoi(number)
	case name == "until":
		c.Until, err = strconv.Atoi(number)
	case slices.Contains(ways, word):
		c.Ways = append(c.Ways, word)
	default:
		err = fmt.Errorf("unknown mark %q", word)
	}
	return err
}

// knownTo tells whether a major knows the case's grammar.
func (c *Case) knownTo(major int) bool {
	return major >= c.From && (c.Until == 0 || major <= c.Until)
}

func (c *Case) String() string { return fmt.Sprintf("%s/%s:%d", c.Class, c.File, c.Line) }
