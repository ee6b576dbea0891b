package policy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// Receipt is what is to be written down around a statement that is allowed, so that it can
// be undone.
type Receipt struct {
	RestorePoint bool   // the server is to mark the place in WAL with a name
	CopyRows     int    // of each table up to how many rows are copied; 0: none
	CopySchema   string // where the copies go
	// Refuse makes the copy a condition: a statement of which not all rows could be copied
	// is refused, or rolled back.
	Refuse bool
	Rule   string
	Act    parser.Act // the first that the rule let pass
}

// DefaultCopySchema is where copies go unless a rule names another schema.
const DefaultCopySchema = "pgcordon_receipts"

// undoable are the effects that may call for a receipt. Others take no data with them.
var undoable = parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge, parser.Truncate, parser.Drop, parser.Alter,
	parser.Function, parser.Call, parser.Do, parser.Dynamic)

// copied are the effects after which rows are not what, or where, they were.
var copied = parser.SetOf(parser.Update, parser.Delete, parser.Truncate, parser.Drop)

var receiptKeys = mapping(Receipt{CopySchema: DefaultCopySchema, Refuse: true},
	field("restore_point", boolean, func(r *Receipt) *bool { return &r.RestorePoint },
		"Whether the server is to make a named restore point. Default false."),
	field("copy_rows", count(1, 1_000_000), func(r *Receipt) *int { return &r.CopyRows },
		"Up to how many rows of each table are copied before they change or go. Without it, none."),
	field("copy_schema", text, func(r *Receipt) *string { return &r.CopySchema },
		"The schema in which the copies are made. Default pgcordon_receipts."),
	field("without_copy", mapped(oneOf("value", "refuse", "go_on"), func(i int) bool { return i == 0 }), func(r *Receipt) *bool { return &r.Refuse },
		"What becomes of a statement whose rows cannot all be copied: refuse, or go_on without. Default refuse."),
)

// receipt reads true, or what is to be in it.
var receipt = kind[*Receipt]{
	schema: schema{"anyOf": []schema{{"const": true}, receiptKeys.schema}},
	read: func(d *decoder, n *yaml.Node) (*Receipt, bool) {
		if n.Kind != yaml.ScalarNode {
			r, ok := receiptKeys.read(d, n)
			return &r, ok
		}
		if is, ok := boolean.read(d, n); !ok {
			return nil, false
		} else if !is {
			d.errorf(n, "only true, or a mapping, asks for a receipt; leave the key out instead")
			return nil, false
		}
		return &Receipt{}, true
	},
}

func checkReceipt(d *decoder, n *yaml.Node, r *statementRule) {
	at := lookup(n, "receipt")
	switch {
	case r.receipt == nil:
		return
	case r.action != allow:
		d.errorf(at, "receipt is for rules with action allow: it is about what the rule lets pass")
	case r.effects&undoable == 0:
		d.errorf(at, "receipt is for the effects %s; the rule is about none of them", undoable)
	case r.receipt.CopyRows > 0 && r.effects&copied == 0:
		d.errorf(lookup(at, "copy_rows"), "copy_rows is for the effects %s; the rule is about none of them", copied)
	}
	for _, key := range []string{"copy_schema", "without_copy"} {
		if given := lookup(at, key); r.receipt.CopyRows == 0 && given != at {
			d.errorf(given, "%s says nothing without copy_rows, which asks for a copy", key)
		}
	}
}

// receipted adds what the rule wants to have written down. Of several rules that let acts
// of a text pass, the one with the smallest copy says what becomes of it. What is only defined, and what goes with the
// session anyway, is not worth a receipt.
func (v *verdict) receipted(rule *statementRule, statement int, act *parser.Act) {
	if rule.receipt == nil || !undoable.Has(act.Effect) || act.Traits.Has(parser.Deferred) || v.scope.traitsOf(act).Has(parser.Temporary) {
		return
	}
	v.recorded.keep(rule, statement, act)
	wanted := *rule.receipt
	if !copied.Has(act.Effect) {
		wanted.CopyRows = 0
	}
	wanted.Rule, wanted.Act = rule.name, *act
	if v.receipt == nil {
		v.receipt = &wanted
		return
	}
	v.receipt.RestorePoint = v.receipt.RestorePoint || wanted.RestorePoint
	if have := v.receipt.CopyRows; wanted.CopyRows > 0 && (have == 0 || wanted.CopyRows < have) {
		wanted.RestorePoint = v.receipt.RestorePoint
		v.receipt = &wanted
	}
}

// Uncopied is the decision on a statement of which not all rows were copied that it takes.
// It is the zero Decision where that is all right.
func (r *Receipt) Uncopied(why string) Decision {
	if !r.Refuse {
		return Decision{}
	}
	return Decision{
		Deny: true, Rule: r.Rule, Act: r.Act,
		Reason: "Its rows must be copied before they change or go, and " + why + ".",
		Hint:   "Mend that where it can be mended; else narrow the statement, send it alone or in batches, or save the rows yourself under a rule that asks for no copy.",
	}
}

// String says what is written down.
func (r *Receipt) String() string {
	parts := []string{"a receipt"}
	if r.RestorePoint {
		parts = append(parts, "a restore point")
	}
	if r.CopyRows > 0 {
		parts = append(parts, fmt.Sprintf("a copy of up to %d rows of each table in schema %s", r.CopyRows, r.CopySchema))
	}
	return strings.Join(parts, ", ")
}
