//go:build linux && (amd64 || arm64)

package rawtree

/*
#include <stdlib.h>
#include "libpg_query.h"

#cgo noescape rawtree_parse
#cgo nocallback rawtree_parse
#cgo nocallback rawtree_release

struct parsed {
	void *context, *tree;
	struct raw_error *error;
};

static struct parsed rawtree_parse(const char *sql) {
	struct parsed p = {.context = pg_query_enter_memory_context()};
	struct raw_result r = pg_query_raw_parse(sql, 0);
	p.tree = r.tree;
	p.error = r.error;
	free(r.stderr_buffer);
	// The top context and the current one are thread-local (mcxt.c). Out of the one's
	// children, and with the top context current again, which leaving any context does,
	// this one is of no thread.
	MemoryContextSetParent(p.context, NULL);
	pg_query_exit_memory_context(pg_query_enter_memory_context());
	return p;
}

static void rawtree_release(struct parsed p) {
	if (p.error != NULL)
		pg_query_free_error(p.error);
	MemoryContextDelete(p.context);
}
*/
import "C"

import (
	"unsafe"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

// Parse returns the tree of a text, up to its first NUL byte. An error of the grammar
// is a *parser.Error with the position in Cursorpos. The tree may be as deep as the
// text is long: who walks it by recursion bounds the text first.
func Parse(sql string) (*pg_query.ParseResult, error) {
	terminated := make([]byte, len(sql)+1)
	copy(terminated, sql)

	// The goroutine may go on in another thread. To keep it on this one would cost a
	// thread for each goroutine that is interrupted in here.
	parsed := C.rawtree_parse((*C.char)(unsafe.Pointer(unsafe.SliceData(terminated))))
	defer C.rawtree_release(parsed)
	if parsed.error != nil {
		return nil, grammarError(parsed.error)
	}
	return decode(parsed.tree)
}

func grammarError(e *C.struct_raw_error) error {
	return &parser.Error{
		Message:   C.GoString(e.message),
		Funcname:  C.GoString(e.funcname),
		Filename:  C.GoString(e.filename),
		Lineno:    int(e.lineno),
		Cursorpos: int(e.cursorpos),
		Context:   C.GoString(e.context),
	}
}

// goString copies a C string.
func goString(s unsafe.Pointer) string { return C.GoString((*C.char)(s)) }
