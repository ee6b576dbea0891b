package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// The products of a report below the root of the source: the plot, and documents that have
// parts which a report fills.
const plotFile = "docs/bench.svg"

var documents = []struct {
	path  string
	fills []func(*report, io.Writer) error
}{
	{"README.md", []func(*report, io.Writer) error{(*report).summary}},
	{"docs/performance.md", []func(*report, io.Writer) error{(*report).details, (*report).underLimits}},
}

// products are the files anew, whatever the last report has made of them.
func (r *report) products(root string) ([]product, error) {
	list := []product{{filepath.Join(root, plotFile), r.chart().SVG()}}
	for _, d := range documents {
		path := filepath.Join(root, d.path)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a document: %w", err)
		}
		parts := make([][]byte, len(d.fills))
		for i, fill := range d.fills {
			var part bytes.Buffer
			if err := fill(r, &part); err != nil {
				return nil, fmt.Errorf("fill %s: %w", d.path, err)
			}
			parts[i] = part.Bytes()
		}
		filled, err := filledIn(text, parts...)
		if err != nil {
			return nil, fmt.Errorf("fill %s: %w", d.path, err)
		}
		list = append(list, product{path, filled})
	}
	return list, nil
}

// The lines between which a part stands.
var (
	partBegins = []byte("<!-- make bench writes this part -->\n")
	partEnds   = []byte("<!-- as far as this -->\n")
)

// filledIn is the text with other parts, of which it must have as many.
func filledIn(text []byte, parts ...[]byte) ([]byte, error) {
	var filled []byte
	for i, part := range parts {
		before, rest, begins := bytes.Cut(text, partBegins)
		_, after, ends := bytes.Cut(rest, partEnds)
		if !begins || !ends {
			return nil, fmt.Errorf("it has %d of %d %q with a %q behind", i, len(parts), partBegins, partEnds)
		}
		filled = slices.Concat(filled, before, partBegins, part, partEnds)
		text = after
	}
	if bytes.Contains(text, partBegins) {
		return nil, fmt.Errorf("it has more than %d %q", len(parts), partBegins)
	}
	return append(filled, text...), nil
}
