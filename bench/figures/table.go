package figures

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table is a list of rows under a title; cells are shown as they are.
type Table struct {
	Title  string
	Note   string // what the figures are
	Header []string
	Rows   [][]string
}

// Print writes the table for a terminal: aligned, the first column to the left.
func (t *Table) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n%s\n\n", t.Title, t.Note)
	widths := t.widths()
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		var line strings.Builder
		for i, text := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if i == 0 {
				line.WriteString(text + gap)
			} else {
				line.WriteString("  " + gap + text)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the table for a document. Level is what marks its title as a
// heading; where it is empty, title and note are left out.
func (t *Table) Markdown(w io.Writer, level string) error {
	var b strings.Builder
	if level != "" {
		fmt.Fprintf(&b, "\n%s %s\n\n%s\n\n", level, t.Title, t.Note)
	}
	fmt.Fprintf(&b, "| %s |\n|---|%s\n", strings.Join(t.Header, " | "), strings.Repeat("---:|", len(t.Header)-1))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	return widths
}

// Missing stands where nothing was measured.
const Missing = "-"

// String is the median and the range: ".93 .88-1.02".
func (s Spread) String() string {
	point := func(f float64) string { return strings.TrimPrefix(short(f), "0") }
	return point(s.Median) + " " + point(s.Min) + "-" + point(s.Max)
}

// percent is the same in hundredths, which take less room: "93 88-102".
func (s Spread) percent() string {
	return fmt.Sprintf("%.0f %.0f-%.0f", 100*s.Median, 100*s.Min, 100*s.Max)
}

// short has three digits, or as many as the integer part needs.
func short(f float64) string {
	switch {
	case f < 10:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 100:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// Short formats a figure with three digits, in the given fraction of its unit: 1e-6 for
// seconds that are to be shown as microseconds.
func Short(f, unit float64) string { return short(f / unit) }
