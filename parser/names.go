package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// relationOf returns the relation that a RangeVar names. The database of a
// three-part name is left out: it can only be the current one.
func relationOf(r *pg_query.RangeVar) Relation {
	if r == nil {
		return Relation{}
	}
	return Relation{Schema: r.Schemaname, Name: r.Relname}
}

// relationNamed returns the relation that the parts of a name give.
func relationNamed(parts []string) Relation {
	switch n := len(parts); n {
	case 0:
		return Relation{}
	case 1:
		return Relation{Name: parts[0]}
	default:
		return Relation{Schema: parts[n-2], Name: parts[n-1]}
	}
}

// parts returns the strings of a list of String nodes.
func parts(list []*pg_query.Node) []string {
	var names []string
	for _, n := range list {
		if s := n.GetString_(); s != nil {
			names = append(names, s.Sval)
		}
	}
	return names
}

// nameOf returns the parts of the name of an object as DROP, COMMENT and their
// like write it: a string, a list, a type, or a function with its arguments.
func nameOf(n *pg_query.Node) []string {
	switch {
	case n.GetString_() != nil:
		return []string{n.GetString_().Sval}
	case n.GetList() != nil:
		return parts(n.GetList().Items)
	case n.GetTypeName() != nil:
		return parts(n.GetTypeName().Names)
	case n.GetObjectWithArgs() != nil:
		return parts(n.GetObjectWithArgs().Objname)
	case n.GetRoleSpec() != nil:
		return []string{n.GetRoleSpec().Rolename}
	case n.GetAccessPriv() != nil: // a role that is granted
		return []string{n.GetAccessPriv().PrivName}
	}
	return nil
}

// isRelation tells whether objects of the type are named by a relation's name.
func isRelation(t pg_query.ObjectType) bool {
	switch t {
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW,
		pg_query.ObjectType_OBJECT_MATVIEW, pg_query.ObjectType_OBJECT_INDEX,
		pg_query.ObjectType_OBJECT_SEQUENCE, pg_query.ObjectType_OBJECT_FOREIGN_TABLE:
		return true
	}
	return false
}

// belongsToRelation tells whether objects of the type are named by a relation's
// name and their own behind it.
func belongsToRelation(t pg_query.ObjectType) bool {
	switch t {
	case pg_query.ObjectType_OBJECT_TRIGGER, pg_query.ObjectType_OBJECT_RULE,
		pg_query.ObjectType_OBJECT_POLICY, pg_query.ObjectType_OBJECT_COLUMN,
		pg_query.ObjectType_OBJECT_TABCONSTRAINT:
		return true
	}
	return false
}

// targetOf returns what an act on a named object carries.
func targetOf(t pg_query.ObjectType, name []string) (Relation, string) {
	switch n := len(name); {
	case isRelation(t):
		return relationNamed(name), ""
	case belongsToRelation(t) && n > 1:
		return relationNamed(name[:n-1]), name[n-1]
	}
	return Relation{}, strings.Join(name, ".")
}

// objectKinds names, for people, the object types whose enumerator does not.
var objectKinds = map[pg_query.ObjectType]string{
	pg_query.ObjectType_OBJECT_MATVIEW:         "MATERIALIZED VIEW",
	pg_query.ObjectType_OBJECT_FDW:             "FOREIGN DATA WRAPPER",
	pg_query.ObjectType_OBJECT_FOREIGN_SERVER:  "SERVER",
	pg_query.ObjectType_OBJECT_OPCLASS:         "OPERATOR CLASS",
	pg_query.ObjectType_OBJECT_OPFAMILY:        "OPERATOR FAMILY",
	pg_query.ObjectType_OBJECT_STATISTIC_EXT:   "STATISTICS",
	pg_query.ObjectType_OBJECT_TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
	pg_query.ObjectType_OBJECT_TSDICTIONARY:    "TEXT SEARCH DICTIONARY",
	pg_query.ObjectType_OBJECT_TSPARSER:        "TEXT SEARCH PARSER",
	pg_query.ObjectType_OBJECT_TSTEMPLATE:      "TEXT SEARCH TEMPLATE",
	pg_query.ObjectType_OBJECT_TABCONSTRAINT:   "CONSTRAINT",
	pg_query.ObjectType_OBJECT_LARGEOBJECT:     "LARGE OBJECT",
}

// objectKind returns the keywords of an object type.
func objectKind(t pg_query.ObjectType) string {
	if k, ok := objectKinds[t]; ok {
		return k
	}
	return strings.ReplaceAll(strings.TrimPrefix(t.String(), "OBJECT_"), "_", " ")
}
