// Command gen writes what copies libpg_query's trees and what walks them. It compiles
// c/layout.c against the headers of the module that go.mod names and translates what that
// prints.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed c/layout.c
var layoutSource []byte

func main() {
	log.SetFlags(0)
	files, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	for name, source := range files { // go generate runs in the package's directory
		if err := os.WriteFile(name, source, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the sources by the names of their files.
func generate() (map[string][]byte, error) {
	printed, err := printLayout()
	if err != nil {
		return nil, err
	}
	l, err := parseLayout(printed)
	if err != nil {
		return nil, err
	}
	decoder, err := writeDecoder(l)
	if err != nil {
		return nil, err
	}
	children, err := writeChildren(l)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"decode.gen.go": decoder, "children.gen.go": children}, nil
}

// printLayout compiles and runs layout.c.
func printLayout() (string, error) {
	headers, err := run("go", "list", "-m", "-f", "{{.Dir}}/parser", "github.com/pganalyze/pg_query_go/v6")
	if err != nil {
		return "", err
	}
	ours, err := run("go", "list", "-f", "{{.Dir}}", "github.com/pgcordon/pgcordon/parser/rawtree")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "rawtree")
	if err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source, program := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, layoutSource, 0o600); err != nil {
		return "", fmt.Errorf("write layout.c: %w", err)
	}
	headers = strings.TrimSpace(headers)
	if _, err := run("cc", "-w", "-I"+strings.TrimSpace(ours), "-I"+headers, "-I"+headers+"/include",
		"-I"+headers+"/include/postgres", source, "-o", program); err != nil {
		return "", err
	}
	return run(program)
}

func run(name string, args ...string) (string, error) {
	var stderr bytes.Buffer
	c := exec.Command(name, args...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w: %s", name, err, stderr.String())
	}
	return string(out), nil
}
