package main

import (
	"bufio"
	"fmt"
	"strings"
)

// layout is how libpg_query's nodes lie in memory.
type layout struct {
	version                                int // PG_VERSION_NUM
	listLength, listElements, listCellSize int
	nodes                                  []*node // by tag
	// enums are the enumerations' numbers in protobuf, by their value in C from
	// firstValue on.
	enums map[string][]int32
}

// firstValue is the least value of any enumeration in C (PARTITION_RANGE_DATUM_MINVALUE).
const firstValue = -1

// node is one kind of node.
type node struct {
	name   string // of the message in pg_query.proto
	tag    int    // NodeTag of nodes/nodetags.h
	fields []field
}

// field is a member of a node.
type field struct {
	kind         string // as layout.c prints it
	of           string // the name of the enumeration or message, or "-"
	name         string // in pg_query.proto
	offset, size int    // in bytes
}

// parseLayout reads what layout.c printed.
func parseLayout(printed string) (*layout, error) {
	l := &layout{enums: map[string][]int32{}}
	for lines := bufio.NewScanner(strings.NewReader(printed)); lines.Scan(); {
		if err := l.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("read layout: %q: %w", lines.Text(), err)
		}
	}
	if l.version == 0 || len(l.nodes) == 0 {
		return nil, fmt.Errorf("read layout: incomplete")
	}
	return l, nil
}

func (l *layout) line(line string) error {
	what, rest, _ := strings.Cut(line, " ")
	switch what {
	case "version":
		return scan(rest, &l.version)
	case "list":
		return scan(rest, &l.listLength, &l.listElements, &l.listCellSize)
	case "enum":
		return l.enum(rest)
	case "node":
		n := &node{}
		l.nodes = append(l.nodes, n)
		return scan(rest, &n.name, &n.tag)
	case "field":
		var f field
		n := l.nodes[len(l.nodes)-1]
		err := scan(rest, &f.kind, &f.of, &f.name, &f.offset, &f.size)
		n.fields = append(n.fields, f)
		return err
	}
	return fmt.Errorf("unknown line")
}

// enum reads an enumeration: pairs of a value in C and in protobuf.
func (l *layout) enum(line string) error {
	words := strings.Fields(line)
	var values []int32
	for _, word := range words[1:] {
		var c, number int
		if _, err := fmt.Sscanf(word, "%d:%d", &c, &number); err != nil {
			return fmt.Errorf("read %q: %w", word, err)
		}
		for len(values) < c-firstValue {
			values = append(values, -1) // what libpg_query writes for no value (_enumToInt)
		}
		values = append(values, int32(number))
	}
	l.enums[words[0]] = values
	return nil
}

func scan(line string, into ...any) error {
	_, err := fmt.Sscan(line, into...)
	return err
}
