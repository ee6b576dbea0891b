package relay

import (
	"bytes"
	"testing"
)

func TestRecordsAreCountedInAnyPieces(t *testing.T) {
	record := func(n int) []byte { return append([]byte{23, 3, 3, byte(n >> 8), byte(n)}, make([]byte, n)...) }
	stream := bytes.Join([][]byte{record(0), record(1), record(300), record(16640), record(7)}, nil)
	for size := 1; size <= len(stream); size += 1 + size/7 {
		var r records
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			r.pass(rest[:n])
			rest = rest[n:]
		}
		if r.whole != 5 {
			t.Fatalf("pieces of %d bytes: %d records, want 5", size, r.whole)
		}
		if r.pass(record(9)[:13]); r.whole != 5 {
			t.Fatalf("pieces of %d bytes: a record counts before its end", size)
		}
	}
}
