package suites

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hunk is a run of lines in which two results of a test differ.
type hunk struct {
	file        string
	first, last int // lines of the first result; where it has none, the line in front
	text        string
}

// hunkHeader is how diff introduces a hunk (POSIX, diff utility, unified format).
var hunkHeader = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? `)

// compare returns the hunks in which the files of two folders differ.
func compare(a, b string) ([]hunk, error) {
	names, err := files(a, b)
	if err != nil {
		return nil, err
	}
	var hunks []hunk
	for _, name := range names {
		cmd := exec.Command("diff", "--unified=0", "--text", "--new-file", filepath.Join(a, name), filepath.Join(b, name))
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
			return nil, fmt.Errorf("compare results: %w", err)
		}
		hunks = append(hunks, parseDiff(name, out)...)
	}
	return hunks, nil
}

// parseDiff reads diff's output behind the two lines that name the files.
func parseDiff(file string, out []byte) (hunks []hunk) {
	for line := range bytes.Lines(out) {
		if m := hunkHeader.FindSubmatch(line); m != nil {
			first, _ := strconv.Atoi(string(m[1]))
			count := 1
			if m[2] != nil {
				count, _ = strconv.Atoi(string(m[2]))
			}
			hunks = append(hunks, hunk{file: file, first: first, last: first + max(count, 1) - 1})
		} else if len(hunks) > 0 {
			hunks[len(hunks)-1].text += clip(string(line))
		}
	}
	return hunks
}

// widest is how much of a line is compared and shown, in bytes: some have 9,000.
const widest = 240

// clip shortens a line.
func clip(line string) string {
	if len(line) <= widest {
		return line
	}
	return strings.ToValidUTF8(line[:widest], "") + "...\n"
}

// files are the names of the files in two folders, each once.
func files(folders ...string) (names []string, err error) {
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("list results: %w", err)
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// stable are the hunks that are about other lines than those that differ by themselves,
// from one run to the next.
func stable(hunks, unstable []hunk) []hunk {
	return slices.DeleteFunc(slices.Clone(hunks), func(h hunk) bool {
		return slices.ContainsFunc(unstable, func(u hunk) bool {
			return u.file == h.file && u.first <= h.first && h.last <= u.last
		})
	})
}

// passing is what differs by chance, and less often than every time.
var passing = map[string]*regexp.Regexp{
	// The schema of temporary tables is numbered by the slot of the backend, which
	// depends on whether the session before has quite ended. The first of a slot uses
	// up numbers for objects. A refusal has a name of its own.
	"":                regexp.MustCompile(`pg_temp_\d+|\bpgc(-[0-9a-z]+){3}\b`),
	"largeobject.out": regexp.MustCompile(`(?m)^lo_(?:import|unlink) \d+$`),
	"privileges.out":  regexp.MustCompile(`(?m)^ +2\d{4}$`),
	// The column is as wide as the fraction of a second that it has.
	"horology.out": regexp.MustCompile(`(?m)^ +one_year *\n-+\n(?: .*\n)+`),
}

// masked keeps the width of what stands in a column.
func masked(text []byte) []byte { return bytes.Repeat([]byte("#"), min(len(text), 40)) }

// mask takes what differs by chance out of a folder of results.
func mask(folder string) error {
	names, err := files(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read a result: %w", err)
		}
		for _, key := range []string{"", name} {
			if p := passing[key]; p != nil {
				text = p.ReplaceAllFunc(text, masked)
			}
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	return nil
}

// ofTest is the name of the test whose result a hunk is about.
func (h hunk) ofTest() string { return strings.TrimSuffix(h.file, filepath.Ext(h.file)) }
