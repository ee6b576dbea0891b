package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// utility is a statement whose effects follow from its type alone.
type utility struct {
	kind    string // for people; a trailing space takes the object's type
	effects EffectSet
}

// utilities are the statements without a case of their own, by the name of their
// node. What is missing here is Unknown.
var utilities = map[protoreflect.Name]utility{
	"CreateForeignTableStmt":  {kind: "CREATE FOREIGN TABLE"},
	"IndexStmt":               {kind: "CREATE INDEX", effects: SetOf(Create)},
	"CreateSeqStmt":           {kind: "CREATE SEQUENCE", effects: SetOf(Create)},
	"CreateTrigStmt":          {kind: "CREATE TRIGGER", effects: SetOf(Create)},
	"RuleStmt":                {kind: "CREATE RULE", effects: SetOf(Create)},
	"CreatePolicyStmt":        {kind: "CREATE POLICY", effects: SetOf(Create)},
	"CreateStatsStmt":         {kind: "CREATE STATISTICS", effects: SetOf(Create)},
	"CreateSchemaStmt":        {kind: "CREATE SCHEMA", effects: SetOf(Create)},
	"CreatedbStmt":            {kind: "CREATE DATABASE", effects: SetOf(Create)},
	"CreateTableSpaceStmt":    {kind: "CREATE TABLESPACE", effects: SetOf(Create)},
	"CreateExtensionStmt":     {kind: "CREATE EXTENSION", effects: SetOf(Create)},
	"CreateFdwStmt":           {kind: "CREATE FOREIGN DATA WRAPPER", effects: SetOf(Create)},
	"CreateForeignServerStmt": {kind: "CREATE SERVER", effects: SetOf(Create)},
	"CreateUserMappingStmt":   {kind: "CREATE USER MAPPING", effects: SetOf(Create)},
	"ImportForeignSchemaStmt": {kind: "IMPORT FOREIGN SCHEMA", effects: SetOf(Create)},
	"CreateAmStmt":            {kind: "CREATE ACCESS METHOD", effects: SetOf(Create)},
	"CreateEventTrigStmt":     {kind: "CREATE EVENT TRIGGER", effects: SetOf(Create)},
	"CreatePLangStmt":         {kind: "CREATE LANGUAGE", effects: SetOf(Create)},
	"DefineStmt":              {kind: "CREATE ", effects: SetOf(Create)},
	"CreateDomainStmt":        {kind: "CREATE DOMAIN", effects: SetOf(Create)},
	"CompositeTypeStmt":       {kind: "CREATE TYPE", effects: SetOf(Create)},
	"CreateEnumStmt":          {kind: "CREATE TYPE", effects: SetOf(Create)},
	"CreateRangeStmt":         {kind: "CREATE TYPE", effects: SetOf(Create)},
	"CreateOpClassStmt":       {kind: "CREATE OPERATOR CLASS", effects: SetOf(Create)},
	"CreateOpFamilyStmt":      {kind: "CREATE OPERATOR FAMILY", effects: SetOf(Create)},
	"CreateConversionStmt":    {kind: "CREATE CONVERSION", effects: SetOf(Create)},
	"CreateCastStmt":          {kind: "CREATE CAST", effects: SetOf(Create)},
	"CreateTransformStmt":     {kind: "CREATE TRANSFORM", effects: SetOf(Create)},

	"AlterCollationStmt":           {kind: "ALTER COLLATION", effects: SetOf(Alter)},
	"AlterTableSpaceOptionsStmt":   {kind: "ALTER TABLESPACE", effects: SetOf(Alter)},
	"AlterTableMoveAllStmt":        {kind: "ALTER TABLE ALL IN TABLESPACE", effects: SetOf(Alter)},
	"AlterExtensionStmt":           {kind: "ALTER EXTENSION", effects: SetOf(Alter)},
	"AlterExtensionContentsStmt":   {kind: "ALTER EXTENSION", effects: SetOf(Alter)},
	"AlterFdwStmt":                 {kind: "ALTER FOREIGN DATA WRAPPER", effects: SetOf(Alter)},
	"AlterForeignServerStmt":       {kind: "ALTER SERVER", effects: SetOf(Alter)},
	"AlterUserMappingStmt":         {kind: "ALTER USER MAPPING", effects: SetOf(Alter)},
	"AlterPolicyStmt":              {kind: "ALTER POLICY", effects: SetOf(Alter)},
	"AlterEventTrigStmt":           {kind: "ALTER EVENT TRIGGER", effects: SetOf(Alter)},
	"AlterSeqStmt":                 {kind: "ALTER SEQUENCE", effects: SetOf(Alter)},
	"AlterOpFamilyStmt":            {kind: "ALTER OPERATOR FAMILY", effects: SetOf(Alter)},
	"AlterStatsStmt":               {kind: "ALTER STATISTICS", effects: SetOf(Alter)},
	"AlterFunctionStmt":            {kind: "ALTER FUNCTION", effects: SetOf(Alter)},
	"AlterObjectDependsStmt":       {kind: "ALTER ", effects: SetOf(Alter)},
	"AlterObjectSchemaStmt":        {kind: "ALTER ", effects: SetOf(Alter)},
	"AlterOperatorStmt":            {kind: "ALTER OPERATOR", effects: SetOf(Alter)},
	"AlterTypeStmt":                {kind: "ALTER TYPE", effects: SetOf(Alter)},
	"AlterEnumStmt":                {kind: "ALTER TYPE", effects: SetOf(Alter)},
	"AlterDatabaseStmt":            {kind: "ALTER DATABASE", effects: SetOf(Alter)},
	"AlterDatabaseRefreshCollStmt": {kind: "ALTER DATABASE", effects: SetOf(Alter)},
	"AlterDatabaseSetStmt":         {kind: "ALTER DATABASE", effects: SetOf(Alter)},
	"AlterTSDictionaryStmt":        {kind: "ALTER TEXT SEARCH DICTIONARY", effects: SetOf(Alter)},
	"AlterTSConfigurationStmt":     {kind: "ALTER TEXT SEARCH CONFIGURATION", effects: SetOf(Alter)},
	"RenameStmt":                   {kind: "ALTER ", effects: SetOf(Alter)},
	"CommentStmt":                  {kind: "COMMENT", effects: SetOf(Alter)},
	"SecLabelStmt":                 {kind: "SECURITY LABEL", effects: SetOf(Alter)},

	"DropTableSpaceStmt":  {kind: "DROP TABLESPACE", effects: SetOf(Drop)},
	"DropUserMappingStmt": {kind: "DROP USER MAPPING", effects: SetOf(Drop)},
	"DropdbStmt":          {kind: "DROP DATABASE", effects: SetOf(Drop)},
	"DropOwnedStmt":       {kind: "DROP OWNED", effects: SetOf(Drop, Privileges)},

	"GrantRoleStmt":              {kind: "GRANT ROLE", effects: SetOf(Privileges)},
	"AlterDefaultPrivilegesStmt": {kind: "ALTER DEFAULT PRIVILEGES", effects: SetOf(Alter, Privileges)},
	"AlterOwnerStmt":             {kind: "ALTER ", effects: SetOf(Alter, Privileges)},
	"ReassignOwnedStmt":          {kind: "REASSIGN OWNED", effects: SetOf(Privileges)},
	"CreateRoleStmt":             {kind: "CREATE ROLE", effects: SetOf(Create, Role)},
	"AlterRoleStmt":              {kind: "ALTER ROLE", effects: SetOf(Alter, Role)},
	"AlterRoleSetStmt":           {kind: "ALTER ROLE", effects: SetOf(Alter, Role)},
	"DropRoleStmt":               {kind: "DROP ROLE", effects: SetOf(Drop, Role)},

	"CreatePublicationStmt":  {kind: "CREATE PUBLICATION", effects: SetOf(Create, Replication)},
	"AlterPublicationStmt":   {kind: "ALTER PUBLICATION", effects: SetOf(Alter, Replication)},
	"CreateSubscriptionStmt": {kind: "CREATE SUBSCRIPTION", effects: SetOf(Create, Replication)},
	"AlterSubscriptionStmt":  {kind: "ALTER SUBSCRIPTION", effects: SetOf(Alter, Replication)},
	"DropSubscriptionStmt":   {kind: "DROP SUBSCRIPTION", effects: SetOf(Drop, Replication)},

	"ClusterStmt":        {kind: "CLUSTER", effects: SetOf(Maintenance)},
	"ReindexStmt":        {kind: "REINDEX", effects: SetOf(Maintenance)},
	"CheckPointStmt":     {kind: "CHECKPOINT", effects: SetOf(Maintenance)},
	"RefreshMatViewStmt": {kind: "REFRESH MATERIALIZED VIEW", effects: SetOf(Maintenance)},

	"CallStmt":           {kind: "CALL", effects: SetOf(Call)},
	"LoadStmt":           {kind: "LOAD", effects: SetOf(Function)}, // runs the library's _PG_init
	"ConstraintsSetStmt": {kind: "SET CONSTRAINTS", effects: SetOf(Transaction)},

	"DeclareCursorStmt": {kind: "DECLARE CURSOR", effects: SetOf(Session)},
	"ClosePortalStmt":   {kind: "CLOSE", effects: SetOf(Session)},
	"FetchStmt":         {kind: "FETCH", effects: SetOf(Session)},
	"NotifyStmt":        {kind: "NOTIFY", effects: SetOf(Session)},
	"ListenStmt":        {kind: "LISTEN", effects: SetOf(Session)},
	"UnlistenStmt":      {kind: "UNLISTEN", effects: SetOf(Session)},
	"VariableShowStmt":  {kind: "SHOW", effects: SetOf(Session)},

	// Parts of other statements, which do nothing by themselves.
	"ReturnStmt":          {},
	"ReplicaIdentityStmt": {},
}

// utility judges a statement by the table.
func (w *walker) utility(m protoreflect.Message) {
	w.literalDependent = true // some names may be written as strings: LOAD, LANGUAGE
	name := m.Descriptor().Name()
	u, known := utilities[name]
	if !known {
		w.kind(strings.TrimSuffix(string(name), "Stmt"))
		w.object(string(name), Unknown)
	}
	if strings.HasSuffix(u.kind, " ") {
		u.kind += objectKind(objectType(m))
	}
	if u.kind != "" {
		w.kind(u.kind)
	}
	for _, t := range targets(m) {
		for _, e := range u.effects.List() {
			t.Effect, t.Traits = e, traitsOf(m)
			w.act(t)
		}
	}
	w.contents(m)
}

// contents visits what a utility statement contains, and records what depends on
// more than its type.
func (w *walker) contents(m protoreflect.Message) {
	switch n := m.Interface().(type) {
	case *pg_query.AlterFunctionStmt:
		return // SET holds inside the function only
	case *pg_query.AlterOpFamilyStmt:
		if n.IsDrop {
			w.object(strings.Join(parts(n.Opfamilyname), "."), Drop)
		}
	case *pg_query.AlterTSConfigurationStmt:
		if n.Kind == pg_query.AlterTSConfigType_ALTER_TSCONFIG_DROP_MAPPING {
			w.object(strings.Join(parts(n.Cfgname), "."), Drop)
		}
	case *pg_query.RenameStmt:
		if n.RenameType == pg_query.ObjectType_OBJECT_ROLE {
			w.object(n.Subname, Role)
		}
	case *pg_query.AlterPublicationStmt:
		if n.Action != pg_query.AlterPublicationAction_AP_AddObjects && len(n.Pubobjects) > 0 {
			w.object(n.Pubname, Drop) // SET drops what it does not name
		}
	case *pg_query.RefreshMatViewStmt:
		if n.SkipData {
			w.on(n.Relation, Truncate)
		}
	}
	if !definitions[m.Descriptor().Name()] {
		w.children(m.Interface())
		return
	}
	w.later(func() {
		w.children(m.Interface())
		for _, name := range installed(m) {
			w.called(relationNamed(name))
		}
	})
}

// rowExclusiveLock is the strongest mode that PostgreSQL lets a session of a hot standby
// lock a table in (ClassifyUtilityCommandAsReadOnly in src/backend/tcop/utility.c,
// src/include/storage/lockdefs.h).
const rowExclusiveLock = 3

func (w *walker) locksTable(n *pg_query.LockStmt) {
	w.kind("LOCK TABLE")
	traits := TraitSet(0)
	if n.Mode > rowExclusiveLock {
		traits = TraitsOf(Exclusive)
	}
	for _, r := range n.Relations {
		w.act(Act{Effect: Lock, Relation: relationOf(r.GetRangeVar()), Traits: traits})
	}
}
