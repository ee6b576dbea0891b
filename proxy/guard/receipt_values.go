package guard

import (
	"bytes"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// boundValues are the values of the parameters of a statement whose rows may have to be copied.
//
// A value becomes what it is at Bind, and copying reads it once more, as text or binary of the
// same type. Since other settings would make something else of it, it is kept only until
// something else may run: clients send Execute right behind Bind.
type boundValues struct {
	portal string
	types  []uint32         // as Parse gives them; 0, or none, where the server finds them out
	values []wire.Parameter // in memory of their own
}

// keeps keeps the values in a Bind message, of which in holds the beginning, where rows may
// have to be copied by them. It returns how many bytes it needs. types are those that Parse
// gave to the parameters of j.
func (g *Guard) keeps(j *judged, types []uint32, in []byte, size int) (need int) {
	if w := j.receipt(); w == nil || w.CopyRows == 0 || g.transaction == nil {
		return 0
	}
	switch {
	case size > g.cfg.InspectBytes:
		return 0
	case len(in) < size:
		return size
	}
	message := bytes.Clone(in[wire.HeaderSize:size])
	portal, _, _ := wire.BindNames(message)
	if values, err := wire.BindParameters(message); err == nil && len(values) > 0 {
		g.transaction.bound = &boundValues{portal: string(portal), types: types, values: values}
	}
	return 0
}

// outdates forgets the values in front of a message behind which they may mean something else.
func (t *transaction) outdates(message byte) {
	switch message {
	case wire.Bind, wire.Query, wire.FunctionCall, wire.Sync:
		t.bound = nil
	}
}

// valuesOf returns the values of a portal that is about to execute, and forgets them; nil
// where they are not known.
func (t *transaction) valuesOf(portal []byte) *boundValues {
	if t == nil || t.bound == nil {
		return nil
	}
	b := t.bound
	if t.bound = nil; b.portal != string(portal) {
		return nil
	}
	return b
}

// has tells whether the values of parameters are known.
func (b *boundValues) has(parameters []int) bool {
	for _, p := range parameters {
		if b == nil || p > len(b.values) {
			return false
		}
	}
	return true
}

// of returns the types and values of parameters.
func (b *boundValues) of(parameters []int) (types []uint32, values []wire.Parameter) {
	for _, p := range parameters {
		t := uint32(0)
		if p <= len(b.types) {
			t = b.types[p-1]
		}
		types, values = append(types, t), append(values, b.values[p-1])
	}
	return types, values
}
