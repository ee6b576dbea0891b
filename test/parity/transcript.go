package parity

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
)

// transcript is all that a script's sessions received, with what differs from run
// to run masked.
type transcript map[string][]message

// difference explains the first divergence of two transcripts; empty where there
// is none.
func difference(direct, guarded transcript) string {
	for name, want := range direct {
		got := guarded[name]
		for i := range max(len(want), len(got)) {
			if i < len(want) && i < len(got) && same(want[i], got[i]) {
				continue
			}
			return fmt.Sprintf("session %q, message %d\nbefore:\n%s\ndirect:  %s\nguarded: %s",
				name, i+1, tail(want[:min(i, len(want))], 5), at(want, i), at(got, i))
		}
	}
	return ""
}

func same(a, b message) bool { return a.kind == b.kind && string(a.body) == string(b.body) }

func at(messages []message, i int) string {
	if i < len(messages) {
		return messages[i].String()
	}
	return "nothing, the connection is closed"
}

// String shows a message on one line, a long one in part.
func (m message) String() string {
	const limit = 400
	body := m.body
	if len(body) > limit {
		return fmt.Sprintf("%c %q... (%d bytes)", m.kind, body[:limit], len(body))
	}
	if m.kind == 0 {
		return fmt.Sprintf("bytes %q", body)
	}
	return fmt.Sprintf("%c %q", m.kind, body)
}

// tail shows the last n messages, one a line.
func tail(messages []message, n int) string {
	var b strings.Builder
	for _, m := range messages[max(0, len(messages)-n):] {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	return b.String()
}

// masking is what a script leaves out of the comparison beyond what always is.
type masking struct {
	ignored  string // types of message
	location bool   // of errors in the server's source
}

// mask hides what a server makes anew for each session. Lengths stay, so that a
// cancel key that was cut short shows.
func (k masking) mask(messages []message) []message {
	oids := map[uint32]uint32{}
	var masked []message
	for _, m := range messages {
		if m.kind != 0 && strings.IndexByte(k.ignored, m.kind) >= 0 {
			continue
		}
		body := append([]byte(nil), m.body...)
		switch m.kind {
		case 'K':
			clear(body)
		case 'A':
			clear(body[:min(4, len(body))])
		case 'T':
			maskRelations(body, oids)
		case 'D':
			body = logPosition.ReplaceAllFunc(body, blank)
		case 'E', 'N':
			body = temporarySchema.ReplaceAll(body, []byte("pg_temp"))
			if k.location {
				body = location.ReplaceAll(body, nil)
			}
		}
		masked = append(masked, message{m.kind, body})
	}
	return masked
}

// logPosition matches the text form of pg_lsn, as a whole column of IDENTIFY_SYSTEM.
var logPosition = regexp.MustCompile(`\b[0-9A-F]{1,8}/[0-9A-F]{1,8}\b`)

// temporarySchema matches the schema that holds a session's temporary tables.
var temporarySchema = regexp.MustCompile(`pg_temp_\d+`)

// location matches the fields F, L and R, which come last and in this order
// (send_message_to_frontend, src/backend/utils/error/elog.c).
var location = regexp.MustCompile(`F[^\x00]*\x00L\d+\x00R[^\x00]*\x00`)

func blank(text []byte) []byte { return []byte(strings.Repeat("#", len(text))) }

// firstNormalOID is where the ids of users' objects begin (FirstNormalObjectId,
// src/include/access/transam.h).
const firstNormalOID = 16384

// maskRelations replaces the ids of relations and types in a RowDescription by
// the order in which they first appear: a temporary table gets a new id each time.
func maskRelations(body []byte, oids map[uint32]uint32) {
	if len(body) < 2 {
		return
	}
	for rest := body[2:]; ; {
		name := strings.IndexByte(string(rest), 0)
		if name < 0 || len(rest) < name+19 {
			return
		}
		rest = rest[name+1:]
		maskOID(rest[0:4], oids)  // the relation's
		maskOID(rest[6:10], oids) // the type's
		rest = rest[18:]
	}
}

func maskOID(field []byte, oids map[uint32]uint32) {
	oid := binary.BigEndian.Uint32(field)
	if oid < firstNormalOID {
		return
	}
	if _, known := oids[oid]; !known {
		oids[oid] = firstNormalOID + uint32(len(oids))
	}
	binary.BigEndian.PutUint32(field, oids[oid])
}
