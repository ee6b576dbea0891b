package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// results is the folder that results are kept in, below the root of the source.
const results = "bench/results"

// keep writes the report as a document and as JSON, and what is made of it.
func (r *report) keep(root string) error {
	base := filepath.Join(root, results, r.Date.Format(time.DateOnly)+"-"+r.Machine.slug())
	var document bytes.Buffer
	content, err := json.MarshalIndent(r, "", "\t")
	if err := errors.Join(err, r.markdown(&document)); err != nil {
		return fmt.Errorf("write down the result: %w", err)
	}
	products, err := r.products(root)
	if err != nil {
		return err
	}
	return write(slices.Concat([]product{{base + ".md", document.Bytes()}, {base + ".json", append(content, '\n')}}, products))
}

// product is a file that is made of a report.
type product struct {
	path    string
	content []byte
}

func write(list []product) error {
	for _, p := range list {
		if err := os.MkdirAll(filepath.Dir(p.path), 0o755); err != nil {
			return fmt.Errorf("keep the result: %w", err)
		}
		if err := os.WriteFile(p.path, p.content, 0o644); err != nil {
			return fmt.Errorf("keep the result: %w", err)
		}
		fmt.Println("wrote", p.path)
	}
	return nil
}

// readReport reads a report that was kept.
func readReport(path string) (*report, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a result: %w", err)
	}
	var r report
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &r, nil
}

// errNone is that nothing was kept yet.
var errNone = errors.New("there is no result yet; make bench makes one")

// newest is the path of the youngest result below a root; their names begin with dates.
func newest(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, results, "*.json"))
	if err != nil {
		return "", fmt.Errorf("list results: %w", err)
	}
	if len(found) == 0 {
		return "", errNone
	}
	return slices.Max(found), nil
}
