package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// width is what every line fits in.
const width = 100

// screen prints for people: plain text, with colours on a terminal.
type screen struct {
	out     io.Writer
	colours bool
}

func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{out: f, colours: terminal && os.Getenv("NO_COLOR") == ""}
}

// The ANSI codes in use.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	grey  = "90"
)

func (s *screen) paint(code, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// title begins a part.
func (s *screen) title(text string) { fmt.Fprintf(s.out, "\n%s\n\n", s.paint(bold, text)) }

func (s *screen) line(format string, args ...any) {
	fmt.Fprintf(s.out, "  "+format+"\n", args...)
}

// statement shows what is sent.
func (s *screen) statement(who, sql string) {
	s.line("%s %s", s.paint(grey, fmt.Sprintf("%-19s", who)), sql)
}

// bad and good show what came of it.
func (s *screen) bad(text string)  { s.result(red, text) }
func (s *screen) good(text string) { s.result(green, text) }

func (s *screen) result(colour, text string) {
	for _, line := range wrap(text, width-24) {
		s.line("%20s%s", "", s.paint(colour, line))
	}
}

// wrap breaks text between words.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// table prints row counts before and after, side by side.
func (s *screen) table(before, after counts) {
	s.line("%-12s %9s %9s", "table", "before", "after")
	for _, table := range tables {
		row := fmt.Sprintf("%-12s %9d %9d", table, before[table], after[table])
		if lost := before[table] - after[table]; lost > 0 {
			row += s.paint(red, fmt.Sprintf("   %d rows lost", lost))
		}
		s.line("%s", row)
	}
}
