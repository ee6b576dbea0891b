package parser

import (
	"strconv"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func validText(text string) bool { return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) }

// format returns what the function format gives: %I is one name and %L one value
// whatever the argument, %s is the argument itself.
// https://www.postgresql.org/docs/current/functions-string.html#FUNCTIONS-STRING-FORMAT
func (r *runTimeText) format(pattern *pg_query.Node, args []*pg_query.Node) []outcome {
	patterns := r.outcomes(pattern)
	if len(patterns) != 1 || !patterns[0].shown {
		return []outcome{anyText}
	}
	all, rest, next := []outcome{{"", true}}, patterns[0].text, 0
	for {
		plain, specifier, found := strings.Cut(rest, "%")
		all = extend(all, []outcome{{plain, true}})
		if !found {
			return all
		}
		var part []outcome
		part, rest, next = r.specifier(specifier, args, next)
		all = extend(all, part)
	}
}

// specifier returns what stands for the specifier at the beginning of a text, what is
// behind it, and the position of the next argument.
func (r *runTimeText) specifier(text string, args []*pg_query.Node, next int) ([]outcome, string, int) {
	i := 0
	for i < len(text) && (isDigit(text[i]) || text[i] == '-' || text[i] == '$') {
		if text[i] == '$' {
			position, err := strconv.Atoi(text[:i])
			if err != nil {
				return []outcome{anyText}, "", 0
			}
			next = position - 1
		}
		i++
	}
	if i >= len(text) {
		return []outcome{anyText}, "", 0
	}
	kind, rest := text[i], text[i+1:]
	if kind == '%' {
		return []outcome{{"%", true}}, rest, next
	}
	if next < 0 || next >= len(args) {
		return []outcome{anyText}, rest, next + 1
	}
	switch arg := args[next]; kind {
	case 's':
		return r.outcomes(arg), rest, next + 1
	case 'I':
		return r.quoted(arg, QuoteName, anyName), rest, next + 1
	case 'L':
		return r.quoted(arg, QuoteLiteral, anyValue), rest, next + 1
	}
	return []outcome{anyText}, rest, next + 1 // the width of another argument
}

// extend appends each of the texts to each of those so far.
func extend(heads, tails []outcome) []outcome {
	var longer []outcome
	for _, tail := range tails {
		for _, head := range heads {
			longer = append(longer, outcome{head.text + tail.text, head.shown && tail.shown})
		}
	}
	return bounded(longer)
}
