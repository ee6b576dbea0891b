package guard

import (
	"fmt"

	"github.com/pgcordon/pgcordon/parser"
)

// calls keeps the summaries of the functions that a session called by FunctionCall,
// most often the few that libpq's large objects use.
type calls map[uint32]*parser.Summary

// maxCalls bounds the summaries that are kept.
const maxCalls = 64

// summary returns what calling the function with the given OID does.
func (c *calls) summary(oid uint32) *parser.Summary {
	if s := (*c)[oid]; s != nil {
		return s
	}
	s := summaryOfCall(oid)
	if *c == nil || len(*c) >= maxCalls {
		*c = calls{}
	}
	(*c)[oid] = s
	return s
}

// firstNormalOID is where user-defined objects begin.
// src/include/access/transam.h: FirstNormalObjectId.
const firstNormalOID = 16384

// summaryOfCall treats a user-defined function as one with side effects: its name,
// by which a policy could know it, is not in the message, and a rule that refuses
// any function refuses it.
func summaryOfCall(oid uint32) *parser.Summary {
	name, acts := parser.FunctionByOID(oid)
	if name == "" {
		name = fmt.Sprintf("%s%d", parser.Unnamed, oid)
		acts = []parser.Act{{Effect: parser.Read}}
		if oid >= firstNormalOID {
			acts = []parser.Act{{Effect: parser.Function, Object: name}}
		}
	}
	s := &parser.Summary{Parsed: true, Statements: []parser.Statement{{
		Kind: "function call", Acts: acts, Functions: []string{name},
	}}}
	for _, a := range acts {
		s.Effects = s.Effects.With(a.Effect)
	}
	return s
}
