package parser

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// alterForm is what a form of ALTER TABLE does.
type alterForm struct {
	effect Effect
	traits TraitSet
}

// alterForms are the forms that lose or loosen something; any other is an Alter.
// A partition that is detached keeps its rows, but the table has lost them.
var alterForms = map[pg_query.AlterTableType]alterForm{
	pg_query.AlterTableType_AT_DropColumn:              {Drop, TraitsOf(DropColumn)},
	pg_query.AlterTableType_AT_DropConstraint:          {Drop, TraitsOf(DropConstraint)},
	pg_query.AlterTableType_AT_DetachPartition:         {Drop, TraitsOf(DetachPartition)},
	pg_query.AlterTableType_AT_DetachPartitionFinalize: {Drop, TraitsOf(DetachPartition)},
	pg_query.AlterTableType_AT_DropInherit:             {Drop, TraitsOf(DetachPartition)},
	pg_query.AlterTableType_AT_ChangeOwner:             {effect: Privileges},
	pg_query.AlterTableType_AT_SetIdentity:             {effect: Alter}, // see formOf
	pg_query.AlterTableType_AT_AlterColumnType:         {Alter, TraitsOf(SetType)},
	pg_query.AlterTableType_AT_SetUnLogged:             {Alter, TraitsOf(SetUnlogged)},
	pg_query.AlterTableType_AT_SetLogged:               {Alter, TraitsOf(SetLogged)},
	pg_query.AlterTableType_AT_SetTableSpace:           {Alter, TraitsOf(SetTablespace)},
	pg_query.AlterTableType_AT_SetAccessMethod:         {Alter, TraitsOf(SetAccessMethod)},
	pg_query.AlterTableType_AT_DropNotNull:             {Alter, TraitsOf(DropNotNull)},
	pg_query.AlterTableType_AT_DropIdentity:            {Drop, TraitsOf(DropIdentity)},
	pg_query.AlterTableType_AT_DropExpression:          {Alter, TraitsOf(DropExpression)},
	pg_query.AlterTableType_AT_DisableTrig:             {Alter, TraitsOf(DisableTrigger)},
	pg_query.AlterTableType_AT_DisableTrigAll:          {Alter, TraitsOf(DisableTrigger)},
	pg_query.AlterTableType_AT_DisableTrigUser:         {Alter, TraitsOf(DisableTrigger)},
	pg_query.AlterTableType_AT_EnableReplicaTrig:       {Alter, TraitsOf(DisableTrigger)},
	pg_query.AlterTableType_AT_DisableRule:             {Alter, TraitsOf(DisableRule)},
	pg_query.AlterTableType_AT_EnableReplicaRule:       {Alter, TraitsOf(DisableRule)},
	pg_query.AlterTableType_AT_DisableRowSecurity:      {Alter, TraitsOf(DisableRowSecurity)},
	pg_query.AlterTableType_AT_NoForceRowSecurity:      {Alter, TraitsOf(DisableRowSecurity)},
}

// altersTable judges ALTER of a table, view, index, sequence or composite type, form
// by form.
func (w *walker) altersTable(n *pg_query.AlterTableStmt) {
	w.kind("ALTER " + objectKind(n.Objtype))
	for _, c := range n.Cmds {
		if cmd := c.GetAlterTableCmd(); cmd != nil {
			w.altersOne(relationOf(n.Relation), cmd)
		}
	}
}

func (w *walker) altersOne(rel Relation, cmd *pg_query.AlterTableCmd) {
	form, special := formOf(cmd)
	if !special || form.effect != Alter {
		w.act(Act{Effect: Alter, Relation: rel})
	}
	if special {
		w.act(Act{Effect: form.effect, Relation: rel, Object: objectOf(cmd), Traits: form.traits | cascades(cmd.Behavior)})
	}
	switch {
	case cmd.Subtype == pg_query.AlterTableType_AT_AttachPartition, cmd.Subtype == pg_query.AlterTableType_AT_AddInherit:
		w.stmt.Inherits = true
	case cmd.Subtype == pg_query.AlterTableType_AT_ColumnDefault: // of rows to come
		w.later(func() { w.node(cmd.Def) })
		return
	case cmd.Subtype == pg_query.AlterTableType_AT_AlterColumnType && w.computes(cmd):
		// Every row is written anew, with whatever USING makes of it.
		w.act(Act{Effect: Update, Relation: rel, Breadth: NoPredicate, Object: cmd.Name, Traits: form.traits})
	}
	w.node(cmd.Def)
}

// formOf returns the form of one of the parts of ALTER TABLE, if it is one of alterForms.
func formOf(cmd *pg_query.AlterTableCmd) (form alterForm, special bool) {
	switch form, special = alterForms[cmd.Subtype]; {
	case cmd.Subtype == pg_query.AlterTableType_AT_ColumnDefault && cmd.Def == nil:
		return alterForm{Alter, TraitsOf(DropDefault)}, true
	case cmd.Subtype == pg_query.AlterTableType_AT_SetIdentity:
		form.traits = restarts(cmd.Def.GetList().GetItems())
		return form, form.traits != 0
	}
	return form, special
}

// objectOf returns what a form of ALTER TABLE is about: a column, a constraint, a
// trigger, the new owner.
func objectOf(cmd *pg_query.AlterTableCmd) string {
	if cmd.Newowner != nil {
		return cmd.Newowner.Rolename
	}
	return cmd.Name
}

// computes tells whether a change of type makes other values: USING does, unless it
// casts the column. A cast to a length cuts what is longer, where without USING the
// server would refuse it; a negative scale rounds.
func (w *walker) computes(cmd *pg_query.AlterTableCmd) bool {
	if sizes := cmd.Def.GetColumnDef().GetTypeName().GetTypmods(); len(sizes) == 2 {
		w.literalDependent = true
		if sizes[1].GetAConst().GetIval().GetIval() < 0 {
			return true
		}
	}
	using := cmd.Def.GetColumnDef().GetRawDefault()
	for using != nil {
		switch {
		case using.GetTypeCast() != nil:
			if len(using.GetTypeCast().TypeName.GetTypmods()) > 0 {
				return true
			}
			using = using.GetTypeCast().Arg
		case using.GetCollateClause() != nil:
			using = using.GetCollateClause().Arg
		case isAtTimeZone(using.GetFuncCall()):
			using = using.GetFuncCall().Args[1]
		default:
			name := parts(using.GetColumnRef().GetFields())
			return len(name) == 0 || name[len(name)-1] != cmd.Name
		}
	}
	return false
}

// isAtTimeZone tells whether a call is "x AT TIME ZONE 'zone'" (gram.y, a_expr).
func isAtTimeZone(f *pg_query.FuncCall) bool {
	return f != nil && len(f.Args) == 2 && f.Args[0].GetAConst() != nil &&
		slices.Equal(parts(f.Funcname), []string{"pg_catalog", "timezone"})
}

// traitsOf returns the traits that follow from the type of a utility statement.
func traitsOf(m protoreflect.Message) TraitSet {
	switch n := m.Interface().(type) {
	case *pg_query.RenameStmt:
		return TraitsOf(Rename)
	case *pg_query.AlterObjectSchemaStmt:
		return TraitsOf(SetSchema)
	case *pg_query.AlterTableMoveAllStmt:
		return TraitsOf(SetTablespace)
	case *pg_query.DropOwnedStmt:
		return cascades(n.Behavior)
	case *pg_query.GrantRoleStmt:
		return cascades(n.Behavior)
	case *pg_query.AlterRoleSetStmt, *pg_query.AlterDatabaseSetStmt:
		return TraitsOf(Persistent)
	case *pg_query.AlterSeqStmt:
		return restarts(n.Options)
	}
	return 0
}

// restarts looks for RESTART among the options of a sequence.
func restarts(options []*pg_query.Node) TraitSet {
	for _, o := range options {
		if o.GetDefElem().GetDefname() == "restart" {
			return TraitsOf(Restart)
		}
	}
	return 0
}

// altersDomain judges ALTER DOMAIN; the letters are gram.y's (AlterDomainStmt).
func (w *walker) altersDomain(n *pg_query.AlterDomainStmt) {
	w.kind("ALTER DOMAIN")
	a := Act{Effect: Alter, Object: strings.Join(parts(n.TypeName), ".")}
	switch {
	case n.Subtype == "X":
		w.act(a)
		a.Effect, a.Traits = Drop, cascades(n.Behavior)|TraitsOf(DropConstraint)
	case n.Subtype == "N":
		a.Traits = TraitsOf(DropNotNull)
	case n.Subtype == "T" && n.Def == nil:
		a.Traits = TraitsOf(DropDefault)
	}
	w.act(a)
	w.later(func() { w.node(n.Def) })
}
