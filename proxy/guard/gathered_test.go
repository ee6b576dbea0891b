package guard

import (
	"bytes"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

const fewRows = `
builtin: false
transactions: [{name: people, max_effects: {deleted: 5}}]
`

// beginsApart is a bench where a string has been sent of which BEGIN goes in a chunk of its own.
func beginsApart(t *testing.T) *bench {
	b := ready(t, fewRows)
	b.fromClient(query("BEGIN; DELETE FROM t"))
	if got := b.sent(); got != "Q BEGIN;" && got != "Q BEGIN" {
		t.Fatalf("the server received %s", got)
	}
	return b
}

func TestClientHearsOfChunksWhatAServerWouldTell(t *testing.T) {
	long := message(wire.DataRow, string(bytes.Repeat([]byte("x"), serverBuffer)))
	for name, test := range map[string]struct {
		says [][]byte
		want string
	}{
		"nothing yet":                {[][]byte{done("BEGIN"), z('T')}, ""},
		"what a notice pushes":       {[][]byte{done("BEGIN"), message(wire.NoticeResponse, "C01000\x00\x00")}, "C BEGIN | N C01000"},
		"what an error pushes":       {[][]byte{done("BEGIN"), serverError("57014", "canceled")}, "C BEGIN | E SERROR.VERROR.C57014.Mcanceled.Fparse.c"},
		"more than a server keeps":   {[][]byte{done("BEGIN"), long}, "C BEGIN | D " + clip(long[wire.HeaderSize:])},
		"that it may send COPY data": {[][]byte{done("BEGIN"), message(wire.CopyInResponse, "")}, "C BEGIN | G"},
	} {
		t.Run(name, func(t *testing.T) {
			b := beginsApart(t)
			b.chunk = oneByte
			b.fromServer(test.says...)
			if got := b.received(); got != test.want {
				t.Errorf("received %q, want %q", got, test.want)
			}
		})
	}
}
