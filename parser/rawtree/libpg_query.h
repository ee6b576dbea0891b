// What is called of libpg_query, which does not install its internal headers. The
// generator compares these structures with the originals (gen/layout.c).
#include <stddef.h>

struct raw_error {
	char *message, *funcname, *filename;
	int lineno, cursorpos; // cursorpos counts characters from 1
	char *context;
};

struct raw_result {
	void *tree; // a List of RawStmt, in the memory context
	char *stderr_buffer;
	struct raw_error *error;
};

// Weak, because cgo links each package once by itself to see what it imports, and
// the definitions are in another package's objects. The program's link finds them.
#define ELSEWHERE __attribute__((weak))

ELSEWHERE void *pg_query_enter_memory_context(void);
ELSEWHERE void pg_query_exit_memory_context(void *context);
ELSEWHERE struct raw_result pg_query_raw_parse(const char *input, int parser_options);
ELSEWHERE void pg_query_free_error(struct raw_error *error);
ELSEWHERE void MemoryContextSetParent(void *context, void *parent);
ELSEWHERE void MemoryContextDelete(void *context);
