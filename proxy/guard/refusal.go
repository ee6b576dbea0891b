package guard

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A statement is refused by sending the server, in its place, one that it must
// reject at the same point of the protocol. The error that comes back names the
// nonce, and is rewritten.
//
//	Query         SELECT CAST('nonce' AS pg_catalog.int4)      22P02 at parse analysis
//	Query         DROP_REPLICATION_SLOT nonce                  42704, in a walsender
//	Parse         the same text under the same name            22P02, nothing is prepared
//	Bind          a prepared statement named by the nonce      26000
//	Execute       a portal named by the nonce                  34000
//	FunctionCall  is replaced by a Query: an error that names the nonce, then
//	              ReadyForQuery, as for the call (src/backend/tcop/postgres.c)
//
// In a failed transaction the server answers 25P02 to any of the first three, as
// it would have to the refused statement; that error is passed on as it is.

// refusal is a statement whose rejection by the server is under way.
type refusal struct {
	nonce  string
	fields wire.ErrorFields
}

// substitute refuses a message of the given kind: the server gets, in its place, what it
// must reject. The name is that of a prepared statement.
func (g *Guard) substitute(kind byte, name []byte, j *judged, ops *Ops) {
	r := g.refuse(j, ops)
	g.replies.sent(request{kind: kind, refusal: r})
	at := len(g.toServer)
	switch kind {
	case wire.Parse:
		g.toServer = wire.AppendParse(g.toServer, name, g.substituteQuery(r.nonce))
	case wire.Bind:
		g.toServer = wire.AppendBind(g.toServer, "", r.nonce)
	case wire.Execute:
		g.toServer = wire.AppendExecute(g.toServer, r.nonce)
	default: // Query, FunctionCall
		g.toServer = wire.AppendQuery(g.toServer, g.substituteQuery(r.nonce))
	}
	ops.send(g.toServer[at:])
}

// refuse notes the refusal and returns it.
func (g *Guard) refuse(j *judged, ops *Ops) *refusal {
	id, nonce := g.cfg.NewRefusal()
	id = cmp.Or(j.event, id)
	d, appeal := j.verdict.decision, g.appeal(j)
	ops.finish(&Event{
		Kind: Refused, ID: id, Decision: d, Summary: j.summary, SQL: j.verdict.sql,
		SQLSTATE: wire.InsufficientPrivilege, Rows: -1, Appeal: appeal,
	})
	return &refusal{nonce: nonce, fields: wire.ErrorFields{
		Severity: "ERROR", Unlocal: "ERROR", Code: wire.InsufficientPrivilege,
		Message: Message(d, g.cfg.Source, g.cfg.Target, id), Detail: d.Reason, Hint: appeal.hinting(d.Hint, id),
	}}
}

// Message is the text that a client reads of a refused statement. Many programs
// show nothing else of an error, so it carries the rule, both environments and
// the event.
func Message(d policy.Decision, source, target, event string) string {
	what := strings.ReplaceAll(d.Act.Effect.String(), "_", " ")
	if on := d.Act.Relation.String(); on != "" {
		what += " on " + on
	} else if d.Act.Object != "" {
		what += " of " + d.Act.Object
	}
	return fmt.Sprintf("pgcordon refused %s: rule %s, source environment %s, target environment %s, event %s",
		what, d.Rule, source, target, event)
}

// substituteQuery is what stands for a refused query string.
func (g *Guard) substituteQuery(nonce string) string {
	if g.cfg.Replication {
		return "DROP_REPLICATION_SLOT " + nonce
	}
	return "SELECT CAST('" + nonce + "' AS pg_catalog.int4)"
}

// rewrite returns what the client is to read instead of an ErrorResponse, and
// true, where the error is the server's rejection of a substitute. The returned
// bytes are valid until the next call.
func (g *Guard) rewrite(message []byte) ([]byte, bool) {
	q := g.refusalIn(message)
	if q == nil {
		return nil, false
	}
	fields := q.refusal.fields
	if s := wire.ErrorField(message[wire.HeaderSize:], 'S'); s != nil {
		fields.Severity = string(s) // as the server's lc_messages says it
	}
	q.refusal = nil
	at := len(g.toClient)
	g.toClient = wire.AppendError(g.toClient, fields)
	return g.toClient[at:], true
}

// refusalIn returns the request in flight whose nonce a message from the server
// holds, nil where there is none. Beside the error it may be a notice: a session may
// ask to see what the server logs of its statements (client_min_messages).
func (g *Guard) refusalIn(message []byte) *request {
	pending := g.replies.pending()
	for i := range pending {
		if r := pending[i].refusal; r != nil && bytes.Contains(message, []byte(r.nonce)) {
			return &pending[i]
		}
	}
	return nil
}
