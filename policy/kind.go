package policy

import (
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kind is one kind of value in a policy file: how it is read, and how the JSON
// schema describes it. Both come from one place so that they cannot disagree.
// read reports what is wrong to the decoder and returns false.
type kind[V any] struct {
	read   func(*decoder, *yaml.Node) (V, bool)
	schema schema
}

// schema is a JSON schema, draft 7.
type schema map[string]any

func (s schema) with(key string, value any) schema {
	out := maps.Clone(s)
	out[key] = value
	return out
}

// key is one key of a mapping that becomes a T.
type key[T any] struct {
	name     string
	doc      string
	required bool
	read     func(*decoder, *yaml.Node, *T) bool
	schema   schema
}

// field is an optional key whose value goes where at points.
func field[T, V any](name string, k kind[V], at func(*T) *V, doc string) key[T] {
	return key[T]{name: name, doc: doc, schema: k.schema.with("description", doc),
		read: func(d *decoder, n *yaml.Node, into *T) bool {
			v, ok := k.read(d, n)
			if ok {
				*at(into) = v
			}
			return ok
		}}
}

// must makes a key required.
func must[T any](k key[T]) key[T] {
	k.required = true
	return k
}

// mapping reads a mapping with the given keys and no others. What the file
// leaves out keeps its value in start.
func mapping[T any](start T, keys ...key[T]) kind[T] {
	return kind[T]{
		schema: mappingSchema(keys),
		read: func(d *decoder, n *yaml.Node) (T, bool) {
			return readMapping(d, n, start, keys)
		},
	}
}

func mappingSchema[T any](keys []key[T]) schema {
	properties := schema{}
	var required []string
	for _, k := range keys {
		properties[k.name] = k.schema
		if k.required {
			required = append(required, k.name)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if required != nil {
		s["required"] = required
	}
	return s
}

func readMapping[T any](d *decoder, n *yaml.Node, start T, keys []key[T]) (T, bool) {
	if n.Kind != yaml.MappingNode {
		d.expected(n, "a mapping")
		return start, false
	}
	before := len(d.errors)
	out, given := start, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if line, twice := given[name.Value]; twice {
			d.errorf(name, "key %q is already given in line %d", name.Value, line)
			continue
		}
		given[name.Value] = name.Line
		if k, ok := keyNamed(d, name, keys); ok {
			k.read(d, value, &out)
		}
	}
	for _, k := range keys {
		if _, ok := given[k.name]; k.required && !ok {
			d.errorf(n, "key %q is missing: %s", k.name, clause(k.doc))
		}
	}
	return out, len(d.errors) == before
}

// clause makes a sentence fit to follow a colon.
func clause(sentence string) string {
	return strings.ToLower(sentence[:1]) + strings.TrimSuffix(sentence[1:], ".")
}

func keyNamed[T any](d *decoder, name *yaml.Node, keys []key[T]) (key[T], bool) {
	if name.Kind != yaml.ScalarNode {
		d.expected(name, "a key")
		return key[T]{}, false
	}
	var known []string
	for _, k := range keys {
		if k.name == name.Value {
			return k, true
		}
		known = append(known, k.name)
	}
	d.errorf(name, "unknown key %q; %s", name.Value, suggestion(name.Value, known))
	return key[T]{}, false
}

// sequence reads a list of at least one value.
func sequence[V any](item kind[V]) kind[[]V] {
	return kind[[]V]{
		schema: schema{"type": "array", "items": item.schema, "minItems": 1},
		read: func(d *decoder, n *yaml.Node) ([]V, bool) {
			if n.Kind != yaml.SequenceNode {
				d.expected(n, "a list")
				return nil, false
			}
			return readItems(d, n, item, n.Content)
		},
	}
}

// listOf reads a list of at least one value; a single value is a list of one.
func listOf[V any](item kind[V]) kind[[]V] {
	list := sequence(item)
	return kind[[]V]{
		schema: schema{"anyOf": []schema{item.schema, list.schema}},
		read: func(d *decoder, n *yaml.Node) ([]V, bool) {
			if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
				return readItems(d, n, item, []*yaml.Node{n})
			}
			return list.read(d, n)
		},
	}
}

func readItems[V any](d *decoder, n *yaml.Node, item kind[V], nodes []*yaml.Node) ([]V, bool) {
	if len(nodes) == 0 {
		d.errorf(n, "the list is empty; leave the key out instead")
		return nil, false
	}
	good := true
	items := make([]V, 0, len(nodes))
	for _, node := range nodes {
		v, ok := item.read(d, node)
		items = append(items, v)
		good = good && ok
	}
	return items, good
}

// checked adds a check that looks at, and may complete, a value that was read
// without an error.
func checked[V any](k kind[V], check func(*decoder, *yaml.Node, *V)) kind[V] {
	return kind[V]{schema: k.schema, read: func(d *decoder, n *yaml.Node) (V, bool) {
		v, ok := k.read(d, n)
		if !ok {
			return v, false
		}
		before := len(d.errors)
		check(d, n, &v)
		return v, len(d.errors) == before
	}}
}

// mapped reads one kind of value and makes another of it.
func mapped[V, W any](k kind[V], f func(V) W) kind[W] {
	return kind[W]{schema: k.schema, read: func(d *decoder, n *yaml.Node) (W, bool) {
		v, ok := k.read(d, n)
		if !ok {
			var none W
			return none, false
		}
		return f(v), true
	}}
}

// lookup returns the value under a path of keys, or the deepest node on the way,
// so that an error about what is missing points at what should have had it.
func lookup(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		next := (*yaml.Node)(nil)
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				next = n.Content[i+1]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// items returns the nodes of what listOf or sequence read, index by index.
func items(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

func (d *decoder) expected(n *yaml.Node, what string) {
	advice := ""
	switch inBlocks := n.Style&yaml.FlowStyle == 0; {
	case inBlocks && what == "a list" && n.Kind == yaml.MappingNode:
		advice = "; begin each item with a dash"
	case inBlocks && what == "a mapping" && n.Kind == yaml.SequenceNode:
		advice = "; leave the dashes out"
	}
	d.errorf(n, "expected %s, found %s%s", what, found(n), advice)
}

// found describes a node to somebody who expected another.
func found(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return "the number " + n.Value
	case n.Tag == "!!str":
		return fmt.Sprintf("the text %q", n.Value)
	}
	return strings.TrimLeft(n.Tag, "!") + " " + n.Value
}
