package parity

import (
	"fmt"
	"strconv"
	"strings"
)

// command is one line of a script.
type command struct {
	line int
	verb string
	args []string
}

func (c command) String() string { return fmt.Sprintf("line %d: %s %q", c.line, c.verb, c.args) }

// parseScript reads a script; repeat blocks come out unrolled.
func parseScript(text string) ([]command, error) {
	var commands, block []command
	times := 0 // of the block that is open, 0 for none
	for i, line := range strings.Split(text, "\n") {
		args, err := splitArguments(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if len(args) == 0 {
			continue
		}
		c := command{line: i + 1, verb: args[0], args: args[1:]}
		switch {
		case c.verb == "repeat":
			if times, err = c.number(0); err != nil {
				return nil, err
			}
			block = nil
		case c.verb == "end":
			for range times {
				commands = append(commands, block...)
			}
			times = 0
		case times > 0:
			block = append(block, c)
		default:
			commands = append(commands, c)
		}
	}
	if times > 0 {
		return nil, fmt.Errorf("repeat without end")
	}
	return commands, nil
}

func splitArguments(line string) ([]string, error) {
	var args []string
	for rest := strings.TrimSpace(line); rest != "" && rest[0] != '#'; rest = strings.TrimSpace(rest) {
		var arg string
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			if arg, err = strconv.Unquote(quoted); err != nil {
				return nil, fmt.Errorf("string %s: %w", quoted, err)
			}
			rest = rest[len(quoted):]
			if after, ok := strings.CutPrefix(rest, "*"); ok {
				count, remainder, _ := strings.Cut(after, " ")
				n, err := strconv.Atoi(count)
				if err != nil {
					return nil, fmt.Errorf("repetition *%s: %w", count, err)
				}
				arg, rest = strings.Repeat(arg, n), remainder
			}
		} else {
			arg, rest, _ = strings.Cut(rest, " ")
		}
		args = append(args, arg)
	}
	return args, nil
}

// arg is the i-th argument, or the empty string.
func (c command) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

// from are the arguments from the i-th on.
func (c command) from(i int) []string {
	if i < len(c.args) {
		return c.args[i:]
	}
	return nil
}

// number is the i-th argument as a number that must be there.
func (c command) number(i int) (int, error) {
	n, err := strconv.Atoi(c.arg(i))
	if err != nil {
		return 0, fmt.Errorf("%s: argument %d: %w", c, i+1, err)
	}
	return n, nil
}
