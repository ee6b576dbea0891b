package policy

import (
	"fmt"
	"slices"

	"github.com/pgcordon/pgcordon/parser"
)

// effectSets are names for effects that are usually meant together.
var effectSets = []struct {
	name string
	set  parser.EffectSet
}{
	// What destroys rows or the objects that hold them.
	{"@destructive", parser.SetOf(parser.Update, parser.Delete, parser.Truncate, parser.Drop)},
	{"@schema_change", parser.SetOf(parser.Create, parser.Alter, parser.Drop)},
	{"@read", parser.SetOf(parser.Read, parser.CopyOut)},
	{"@write", parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge, parser.Truncate, parser.CopyIn)},
	// What changes who may do what.
	{"@privileges", parser.SetOf(parser.Privileges, parser.Role)},
}

func effectWords() []string {
	words := parser.EffectNames()
	for _, set := range effectSets {
		words = append(words, set.name)
	}
	return words
}

func parseEffect(word string) (parser.EffectSet, error) {
	if effect, ok := parser.ParseEffect(word); ok {
		return parser.SetOf(effect), nil
	}
	for _, set := range effectSets {
		if set.name == word {
			return set.set, nil
		}
	}
	return 0, fmt.Errorf("unknown effect %q; %s", word, suggestion(word, effectWords()))
}

var effects = mapped(
	listOf(parsed(schema{"type": "string", "enum": effectWords()}, parseEffect)),
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
	if slices.Contains([]string{"all", "any", "*"}, word) {
		return 0, fmt.Errorf("unknown breadth %q; leave breadth out to mean every one", word)
	}
	return 0, fmt.Errorf("unknown breadth %q; %s", word, suggestion(word, names))
}
