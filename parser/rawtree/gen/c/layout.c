/*
 * Prints how libpg_query's nodes lie in memory: a line for each node with its tag,
 * followed by a line for each of its fields.
 *
 * What is a node and what is a field is not repeated here. libpg_query has generated
 * lists for its own output (include/pg_query_outfuncs_defs.c and _conds.c), in terms
 * of macros that whoever includes them defines; here they print.
 */
#include <stddef.h>
#include <stdio.h>

#include "postgres.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "nodes/value.h"

#include "pg_query.h"
#include "pg_query_internal.h"
#define pg_query_enter_memory_context ours_enter
#define pg_query_exit_memory_context ours_exit
#define pg_query_raw_parse ours_raw_parse
#define pg_query_free_error ours_free_error
#define MemoryContextSetParent ours_set_parent
#define MemoryContextDelete ours_delete
#include "libpg_query.h"

#define SAME(ours, theirs, member)                                                       \
	_Static_assert(sizeof(struct ours) == sizeof(theirs), #ours);                        \
	_Static_assert(offsetof(struct ours, member) == offsetof(theirs, member), #member)
SAME(raw_result, PgQueryInternalParsetreeAndError, tree);
SAME(raw_result, PgQueryInternalParsetreeAndError, stderr_buffer);
SAME(raw_result, PgQueryInternalParsetreeAndError, error);
SAME(raw_error, PgQueryError, message);
SAME(raw_error, PgQueryError, funcname);
SAME(raw_error, PgQueryError, filename);
SAME(raw_error, PgQueryError, lineno);
SAME(raw_error, PgQueryError, cursorpos);
SAME(raw_error, PgQueryError, context);

#undef printf /* PostgreSQL's own is not linked */

#define FIELD(kind, type, name, member)                                                     \
	printf("field %s %s %s %zu %zu\n", kind, type, #name, offsetof(__typeof__(*node), member), \
		   sizeof(node->member))

#define OUT_TYPE(typename, typename_c) void *
#define WRITE_INT_FIELD(name, json, member) FIELD("int", "-", name, member)
#define WRITE_UINT_FIELD(name, json, member) FIELD("uint", "-", name, member)
#define WRITE_UINT64_FIELD(name, json, member) FIELD("uint", "-", name, member)
#define WRITE_LONG_FIELD(name, json, member) FIELD("int", "-", name, member)
#define WRITE_FLOAT_FIELD(name, json, member) FIELD("float", "-", name, member)
#define WRITE_BOOL_FIELD(name, json, member) FIELD("bool", "-", name, member)
#define WRITE_CHAR_FIELD(name, json, member) FIELD("char", "-", name, member)
#define WRITE_STRING_FIELD(name, json, member) FIELD("string", "-", name, member)
#define WRITE_LIST_FIELD(name, json, member) FIELD("list", "-", name, member)
#define WRITE_BITMAPSET_FIELD(name, json, member) FIELD("bitmapset", "-", name, member)
#define WRITE_NODE_PTR_FIELD(name, json, member) FIELD("node", "-", name, member)
#define WRITE_SPECIFIC_NODE_FIELD(type, under, name, json, member) FIELD("embedded", #type, name, member)
#define WRITE_SPECIFIC_NODE_PTR_FIELD(type, under, name, json, member) FIELD("message", #type, name, member)
#define WRITE_ENUM_FIELD(type, name, json, member)                 \
	do                                                             \
	{                                                              \
		FIELD("enum", #type, name, member);                        \
		printf("enum %s", #type);                                  \
		for (int value = -1; value < 1024; value++)                \
			if (_enumToInt##type((type) value) != -1)              \
				printf(" %d:%d", value, _enumToInt##type((type) value)); \
		printf("\n");                                             \
	} while (0)

/* Those that pg_query_outfuncs_protobuf.c writes by hand. */
static void _outInteger(void *out, const Integer *node) { WRITE_INT_FIELD(ival, ival, ival); }
static void _outFloat(void *out, const Float *node) { WRITE_STRING_FIELD(fval, fval, fval); }
static void _outBoolean(void *out, const Boolean *node) { WRITE_BOOL_FIELD(boolval, boolval, boolval); }
static void _outString(void *out, const String *node) { WRITE_STRING_FIELD(sval, sval, sval); }
static void _outBitString(void *out, const BitString *node) { WRITE_STRING_FIELD(bsval, bsval, bsval); }

static void
_outAConst(void *out, const A_Const *node)
{
	WRITE_BOOL_FIELD(isnull, isnull, isnull);
	FIELD("value", "-", val, val); /* of nothing, if isnull */
	WRITE_INT_FIELD(location, location, location);
}

/* A list is no structure of fields. */
static void _outList(void *out, const List *node) {}
static void _outIntList(void *out, const List *node) {}
static void _outOidList(void *out, const List *node) {}

#include "pg_query_enum_defs.c"
#include "pg_query_outfuncs_defs.c"

#define OUT_NODE(type, function, under, upper, cast, name) \
	do                                                     \
	{                                                      \
		printf("node %s %d\n", #type, tag);                \
		_out##function(NULL, (const cast *) NULL);         \
	} while (0)

int
main(void)
{
	printf("version %d\n", PG_VERSION_NUM);
	printf("list %zu %zu %zu\n", offsetof(List, length), offsetof(List, elements), sizeof(ListCell));
	for (int tag = 0; tag < 4096; tag++)
	{
		switch (tag)
		{
#include "pg_query_outfuncs_conds.c"
		}
	}
	return 0;
}
