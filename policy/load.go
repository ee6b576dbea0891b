package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a policy file, and each file that it names, in bytes.
const maxFile = mib

// Load reads a policy and every file that it names. What is wrong with its
// content comes back as Errors, all of it at once.
func Load(path string) (*Policy, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	return Parse(path, content)
}

// readFile reads no more than it takes to see that a file is too long.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// Parse makes a policy of the content of a file, whose name is for messages and for
// finding what relative paths mean. The error, if any, is of type Errors.
func Parse(name string, content []byte) (*Policy, error) {
	d := &decoder{file: name, dir: filepath.Dir(name)}
	p := d.policy(content)
	if len(d.errors) > 0 {
		d.errors.sort()
		return nil, d.errors
	}
	d.warnings.sort()
	p.Path, p.Warnings = name, d.warnings
	return p, nil
}

func (d *decoder) policy(content []byte) *Policy {
	root, ok := d.document(content, needTargets)
	if !ok {
		return nil
	}
	d.readSets(root)
	p, ok := file.read(d, root)
	if !ok {
		return nil
	}
	return &p
}

// document parses YAML and refuses what would let a file be more than it shows. need
// is what an empty file lacks.
func (d *decoder) document(content []byte, need string) (*yaml.Node, bool) {
	var doc, more yaml.Node
	if len(content) > maxFile {
		d.errorf(&doc, "the file is larger than %d bytes", maxFile)
		return nil, false
	}
	decode := yaml.NewDecoder(bytes.NewReader(content)).Decode
	err := decode(&doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && found(doc.Content[0]) == "nothing":
		d.errorf(&doc, "the file is empty; %s", need)
		return nil, false
	case err != nil:
		d.syntax(content, err)
		return nil, false
	}
	switch err := decode(&more); {
	case err == nil:
		d.errorf(&more, "the file holds a second document; leave out the line ---")
	case !errors.Is(err, io.EOF):
		d.syntax(content, err)
	}
	d.refuseAliases(&doc)
	return doc.Content[0], len(d.errors) == 0
}

// refuseAliases keeps a short text from standing for a long one, and a rule from
// being changed in a place where nobody looks.
func (d *decoder) refuseAliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		d.errorf(n, "aliases are not supported; write out what *%s stands for", n.Value)
		return
	}
	for _, child := range n.Content {
		d.refuseAliases(child)
	}
}
