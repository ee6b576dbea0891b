package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// text reads a string. A number or a truth value is refused: YAML would have
// changed 010, 1e3 or yes into something else in another program.
var text = kind[string]{
	schema: schema{"type": "string", "minLength": 1},
	read: func(d *decoder, n *yaml.Node) (string, bool) {
		switch {
		case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
			d.expected(n, "text")
		case n.Tag != "!!str":
			d.errorf(n, "expected text, found %s; put it in quotes", found(n))
		case n.Value == "":
			d.errorf(n, "the text is empty")
		case strings.ContainsRune(n.Value, 0):
			d.errorf(n, "the text contains a NUL, which no PostgreSQL name can")
		default:
			return n.Value, true
		}
		return "", false
	},
}

// parsed reads text and makes a value of it.
func parsed[V any](s schema, parse func(string) (V, error)) kind[V] {
	return kind[V]{schema: s, read: func(d *decoder, n *yaml.Node) (V, bool) {
		var none V
		written, ok := text.read(d, n)
		if !ok {
			return none, false
		}
		v, err := parse(written)
		if err != nil {
			d.errorf(n, "%v", err)
			return none, false
		}
		return v, true
	}}
}

var boolean = kind[bool]{
	schema: schema{"type": "boolean"},
	read: func(d *decoder, n *yaml.Node) (bool, bool) {
		if n.Tag != "!!bool" {
			d.expected(n, "true or false")
			return false, false
		}
		return strings.EqualFold(n.Value, "true"), true
	},
}

// oneOf reads one of a few words; the value is the word's place in the list.
func oneOf(what string, words ...string) kind[int] {
	return parsed(schema{"type": "string", "enum": words}, func(word string) (int, error) {
		i := slices.Index(words, word)
		if i < 0 {
			return 0, fmt.Errorf("unknown %s %q; %s", what, word, suggestion(word, words))
		}
		return i, nil
	})
}

// word reads one of a few words as it is.
func word(what string, words ...string) kind[string] {
	return mapped(oneOf(what, words...), func(i int) string { return words[i] })
}

// count reads a whole number from low to high.
func count(low, high int) kind[int] {
	return kind[int]{
		schema: schema{"type": "integer", "minimum": low, "maximum": high},
		read: func(d *decoder, n *yaml.Node) (int, bool) {
			v, err := strconv.Atoi(n.Value)
			if n.Tag != "!!int" || err != nil {
				d.expected(n, "a whole number")
				return 0, false
			}
			if v < low || v > high {
				d.errorf(n, "%d is not between %d and %d", v, low, high)
				return 0, false
			}
			return v, true
		},
	}
}

// duration reads a time such as 30s or 1m30s, from low to high.
func duration(low, high time.Duration) kind[time.Duration] {
	return parsed(schema{"type": "string", "pattern": `^([0-9.]+(ms|s|m|h))+$`}, func(s string) (time.Duration, error) {
		v, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration; write it like 500ms, 30s, 5m or 24h", s)
		}
		if v < low || v > high {
			return 0, fmt.Errorf("%s is not between %s and %s", s, low, high)
		}
		return v, nil
	})
}

var sizeUnits = []struct {
	suffix string
	bytes  int
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// size reads a number of bytes such as 64KiB or 1048576, from low to high.
func size(low, high int) kind[int] {
	return kind[int]{
		schema: schema{"anyOf": []schema{
			{"type": "integer", "minimum": low, "maximum": high},
			{"type": "string", "pattern": `^[0-9]+ ?(B|KiB|MiB|GiB)$`},
		}},
		read: func(d *decoder, n *yaml.Node) (int, bool) {
			v, ok := parseSize(n.Value)
			if n.Kind != yaml.ScalarNode || !ok {
				d.errorf(n, "expected a size such as 64KiB or 1MiB, found %s", found(n))
				return 0, false
			}
			if v < low || v > high {
				d.errorf(n, "%s is not between %d and %d bytes", n.Value, low, high)
				return 0, false
			}
			return v, true
		},
	}
}

func parseSize(s string) (int, bool) {
	unit := 1
	for _, u := range sizeUnits {
		if digits, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = strings.TrimSuffix(digits, " "), u.bytes
			break
		}
	}
	// The limit keeps the product within an int.
	const most = 1 << 31
	v, err := strconv.ParseUint(s, 10, 31)
	if err != nil || v > uint64(most/unit) {
		return 0, false
	}
	return int(v) * unit, true
}
