package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Statements that define what runs when something else is used.

// definitions are the utility statements of which whatever they contain is run later:
// conditions of policies and triggers, the actions of rules, the functions behind an
// operator.
var definitions = map[protoreflect.Name]bool{
	"RuleStmt": true, "CreatePolicyStmt": true, "AlterPolicyStmt": true, "CreateDomainStmt": true,
	"CreateTrigStmt": true, "CreateEventTrigStmt": true, "DefineStmt": true, "CreateCastStmt": true,
	"CreateConversionStmt": true, "CreateOpClassStmt": true, "AlterOpFamilyStmt": true, "CreateTransformStmt": true,
	"CreatePLangStmt": true, "CreateFdwStmt": true, "AlterFdwStmt": true, "CreateAmStmt": true, "CreateRangeStmt": true,
}

// functionFields are the fields of those in which functions are named.
var functionFields = []protoreflect.Name{
	"funcname", "func_name", "func", "fromsql", "tosql", "plhandler", "plinline", "plvalidator", "handler_name",
}

// installed returns the names of the functions that a definition will have called.
func installed(m protoreflect.Message) [][]string {
	var names [][]string
	for _, field := range functionFields {
		if name := namesIn(m, []protoreflect.Name{field}); name != nil {
			names = append(names, name)
		}
	}
	switch n := m.Interface().(type) {
	case *pg_query.DefineStmt: // (SFUNC = f, PROCEDURE = g): any value may be a function
		names = append(names, valuesIn(n.Definition)...)
	case *pg_query.CreateRangeStmt:
		names = append(names, valuesIn(n.Params)...)
	case *pg_query.CreateFdwStmt:
		names = append(names, valuesIn(n.FuncOptions)...)
	case *pg_query.AlterFdwStmt:
		names = append(names, valuesIn(n.FuncOptions)...)
	case *pg_query.CreateOpClassStmt:
		names = append(names, membersOf(n.Items)...)
	case *pg_query.AlterOpFamilyStmt:
		names = append(names, membersOf(n.Items)...)
	}
	return names
}

// typeOptions are options whose value is a type, which gram.y may have renamed.
var typeOptions = []string{"stype", "mstype", "basetype", "leftarg", "rightarg", "element", "like", "subtype"}

func valuesIn(options []*pg_query.Node) [][]string {
	var names [][]string
	for _, o := range options {
		d := o.GetDefElem()
		if name := nameOf(d.GetArg()); name != nil && !slices.Contains(typeOptions, d.Defname) {
			names = append(names, name)
		}
	}
	return names
}

func membersOf(items []*pg_query.Node) [][]string {
	var names [][]string
	for _, n := range items {
		names = append(names, parts(n.GetCreateOpClassItem().GetName().GetObjname()))
	}
	return names
}

// createsTable judges CREATE TABLE. Defaults and checks are for rows to come; the
// bounds of a partition are computed at once.
func (w *walker) createsTable(n *pg_query.CreateStmt) {
	w.kind("CREATE TABLE")
	w.creates(n.Relation)
	w.createsTemporary(n.Relation, n.Oncommit, n.IfNotExists)
	w.stmt.Inherits = w.stmt.Inherits || len(n.InhRelations) > 0
	if n.Partbound != nil {
		w.message(n.Partbound)
	}
	w.later(func() { w.children(n, "partbound") })
}

func (w *walker) createsView(n *pg_query.ViewStmt) {
	w.kind("CREATE VIEW")
	w.creates(n.View)
	w.later(func() { w.node(n.Query) })
}

// createsTableAs judges CREATE TABLE AS, CREATE MATERIALIZED VIEW and CREATE
// TABLE AS EXECUTE.
func (w *walker) createsTableAs(n *pg_query.CreateTableAsStmt) {
	if n.Objtype == pg_query.ObjectType_OBJECT_MATVIEW {
		w.kind("CREATE MATERIALIZED VIEW")
	}
	w.kind("CREATE TABLE AS")
	w.creates(n.GetInto().GetRel())
	w.createsTemporary(n.GetInto().GetRel(), n.GetInto().GetOnCommit(), n.IfNotExists)
	if n.Objtype == pg_query.ObjectType_OBJECT_MATVIEW && n.GetInto().GetSkipData() {
		w.later(func() { w.node(n.Query) })
		return
	}
	w.node(n.Query)
}

// creates records that a relation is created, temporary as the case may be.
func (w *walker) creates(r *pg_query.RangeVar) {
	a := Act{Effect: Create, Relation: relationOf(r)}
	if isTemporary(r) {
		a.Traits = TraitsOf(Temporary)
	}
	w.act(a)
}

// createsTemporary notes a temporary table that is there when the statement has run, and
// still is when its transaction has ended.
func (w *walker) createsTemporary(r *pg_query.RangeVar, end pg_query.OnCommitAction, ifNotExists bool) {
	if isTemporary(r) && end != pg_query.OnCommitAction_ONCOMMIT_DROP && !w.planning && !w.deferred {
		w.stmt.Temporary, w.stmt.IfNotExists = r.Relname, ifNotExists
	}
}

// temporarySchema is the alias of a session's own schema for temporary objects.
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
const temporarySchema = "pg_temp"

func isTemporary(r *pg_query.RangeVar) bool {
	return r.GetRelpersistence() == "t" || r.GetSchemaname() == temporarySchema // RELPERSISTENCE_TEMP in pg_class.h
}
