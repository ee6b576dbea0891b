package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// effectSets are the sets that every file has.
var effectSets = []effectSet{
	// What destroys rows or the objects that hold them.
	{name: "@destructive", set: parser.SetOf(parser.Update, parser.Delete, parser.Truncate, parser.Drop)},
	{name: "@schema_change", set: parser.SetOf(parser.Create, parser.Alter, parser.Drop)},
	{name: "@read", set: parser.SetOf(parser.Read, parser.CopyOut)},
	{name: "@write", set: parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge, parser.Truncate, parser.CopyIn)},
	// What changes who may do what.
	{name: "@privileges", set: parser.SetOf(parser.Privileges, parser.Role)},
}

func effectWords() []string {
	words := parser.EffectNames()
	for _, set := range effectSets {
		words = append(words, set.name)
	}
	return words
}

// effect reads an effect or the name of a set.
var effect = kind[parser.EffectSet]{
	schema: schema{"anyOf": []schema{
		{"type": "string", "enum": effectWords()},
		{"type": "string", "pattern": `^@`},
	}},
	read: func(d *decoder, n *yaml.Node) (parser.EffectSet, bool) {
		return parsed(nil, d.parseEffect).read(d, n)
	},
}

var effects = mapped(
	listOf(effect),
	func(sets []parser.EffectSet) parser.EffectSet {
		var union parser.EffectSet
		for _, set := range sets {
			union |= set
		}
		return union
	})

// breadthSet is a set of breadths; the empty set asks nothing.
type breadthSet uint16

func breadthsOf(list []parser.Breadth) breadthSet {
	var s breadthSet
	for _, b := range list {
		s |= 1 << b
	}
	return s
}

func (s breadthSet) has(b parser.Breadth) bool { return s&(1<<b) != 0 }

var breadths = mapped(
	listOf(parsed(schema{"type": "string", "enum": parser.BreadthNames()}, parseBreadth)), breadthsOf)

func parseBreadth(word string) (parser.Breadth, error) {
	if breadth, ok := parser.ParseBreadth(word); ok {
		return breadth, nil
	}
	names := parser.BreadthNames()
	switch word {
	case "all", "any", "*":
		return 0, fmt.Errorf("unknown breadth %q; leave breadth out to mean every one", word)
	case "unbounded", "wide":
		return 0, fmt.Errorf("unknown breadth %q; what may reach every row is [none, tautology, same_table, open_range, unknown]", word)
	}
	return 0, fmt.Errorf("unknown breadth %q; %s", word, suggestion(word, names))
}
