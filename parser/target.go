package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The fields in which the nodes of utility statements name what they are about.
var (
	relationFields = []protoreflect.Name{"relation", "view", "sequence", "table", "typevar"}
	ownFields      = []protoreflect.Name{"trigname", "rulename", "policy_name", "idxname"}
	roleFields     = []protoreflect.Name{"role", "roles", "granted_roles"}
	nameFields     = []protoreflect.Name{
		"dbname", "extname", "subname", "pubname", "schemaname", "tablespacename", "plname",
		"fdwname", "servername", "portalname", "conditionname", "domainname", "type_name",
		"defnames", "opclassname", "opfamilyname", "conversion_name", "dictname", "cfgname",
		"collname", "func", "local_schema", "amname", "name", "authrole", "trigname",
	}
	typeFields = []protoreflect.Name{"relation_type", "rename_type", "object_type", "objtype", "kind"}
)

// targets returns an act, without an effect yet, for each thing that a utility
// statement is about; one empty act where the tree does not say.
func targets(m protoreflect.Message) []Act {
	if n, ok := m.Interface().(*pg_query.CallStmt); ok {
		return []Act{{Object: strings.Join(parts(n.Funccall.GetFuncname()), ".")}}
	}
	if r, ok := field(m, relationFields).(*pg_query.RangeVar); ok {
		return []Act{{Relation: relationOf(r), Object: strings.Join(namesIn(m, ownFields), ".")}}
	}
	if o, ok := field(m, []protoreflect.Name{"object"}).(*pg_query.Node); ok {
		rel, name := targetOf(objectType(m), nameOf(o))
		return []Act{{Relation: rel, Object: name}}
	}
	var acts []Act
	for _, role := range namesIn(m, roleFields) {
		acts = append(acts, Act{Object: role})
	}
	if acts == nil {
		acts = []Act{{Object: strings.Join(namesIn(m, nameFields), ".")}}
	}
	return acts
}

// field returns the first of the fields that is set and holds one message.
func field(m protoreflect.Message, names []protoreflect.Name) any {
	for _, name := range names {
		f := m.Descriptor().Fields().ByName(name)
		if f != nil && f.Kind() == protoreflect.MessageKind && !f.IsList() && m.Has(f) {
			return m.Get(f).Message().Interface()
		}
	}
	return nil
}

// namesIn returns the names in the first of the fields that is set.
func namesIn(m protoreflect.Message, names []protoreflect.Name) []string {
	fields := m.Descriptor().Fields()
	for _, name := range names {
		f := fields.ByName(name)
		if f == nil || !m.Has(f) {
			continue
		}
		switch v := m.Get(f).Interface().(type) {
		case string:
			return []string{v}
		case protoreflect.Message:
			return messageName(v)
		case protoreflect.List:
			var all []string
			for i := range v.Len() {
				all = append(all, messageName(v.Get(i).Message())...)
			}
			return all
		}
	}
	return nil
}

func messageName(m protoreflect.Message) []string {
	switch n := m.Interface().(type) {
	case *pg_query.Node:
		return nameOf(n)
	case *pg_query.RoleSpec:
		return []string{n.Rolename}
	case *pg_query.ObjectWithArgs:
		return parts(n.Objname)
	}
	return nil
}

// objectType returns the type of object that a node carries. Where ALTER ... RENAME
// has two, the relation's comes first; it is access method, the first of the
// enumeration, where it was not set.
func objectType(m protoreflect.Message) pg_query.ObjectType {
	for _, name := range typeFields {
		f := m.Descriptor().Fields().ByName(name)
		if f == nil || f.Kind() != protoreflect.EnumKind {
			continue
		}
		t := pg_query.ObjectType(m.Get(f).Enum())
		if name != "relation_type" || t > pg_query.ObjectType_OBJECT_ACCESS_METHOD {
			return t
		}
	}
	return 0
}

// onlyTemporary tells whether an act by its text can hit nothing but a temporary object
// of the session itself. Of rows that is not so: pg_temp.v may be a view of a table.
func (a *Act) onlyTemporary() bool {
	return a.Relation.Schema == temporarySchema &&
		(a.Effect == Truncate || a.Effect == Drop && !a.Traits.Has(Cascade))
}
