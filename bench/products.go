package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The products of a report below the root of the source: the plot, and documents that have
// a part which a report fills.
const plotFile = "docs/bench.svg"

var documents = []struct {
	path string
	fill func(*report, io.Writer) error
}{
	{"README.md", (*report).summary},
	{"docs/performance.md", (*report).details},
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
		var part bytes.Buffer
		if err := d.fill(r, &part); err != nil {
			return nil, fmt.Errorf("fill %s: %w", d.path, err)
		}
		filled, err := filledIn(text, part.Bytes())
		if err != nil {
			return nil, fmt.Errorf("fill %s: %w", d.path, err)
		}
		list = append(list, product{path, filled})
	}
	return list, nil
}

// The lines between which the part stands.
var (
	partBegins = []byte("<!-- make bench writes this part -->\n")
	partEnds   = []byte("<!-- as far as this -->\n")
)

// filledIn is the text with another part.
func filledIn(text, part []byte) ([]byte, error) {
	before, rest, begins := bytes.Cut(text, partBegins)
	_, after, ends := bytes.Cut(rest, partEnds)
	if !begins || !ends {
		return nil, fmt.Errorf("it has no %q with a %q behind", partBegins, partEnds)
	}
	return bytes.Join([][]byte{before, partBegins, part, partEnds, after}, nil), nil
}
