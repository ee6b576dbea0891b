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

// keep writes the report as a document, as JSON and as a plot.
func (r *report) keep(folder, plot string) error {
	base := filepath.Join(folder, r.Date.Format(time.DateOnly)+"-"+r.Machine.slug())
	var document bytes.Buffer
	content, err := json.MarshalIndent(r, "", "\t")
	if err := errors.Join(err, r.markdown(&document)); err != nil {
		return fmt.Errorf("write down the result: %w", err)
	}
	drawing := r.chart().SVG()
	for path, text := range map[string][]byte{
		base + ".md": document.Bytes(), base + ".json": append(content, '\n'), plot: drawing,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("keep the result: %w", err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("keep the result: %w", err)
		}
		fmt.Println("wrote", path)
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

// newest is the path of the youngest result in a folder; their names begin with dates.
func newest(folder string) (string, error) {
	found, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(fmt.Errorf("no result in %s; make bench makes one", folder), err)
	}
	return slices.Max(found), nil
}
