package guard

import (
	"bytes"
	"unicode/utf8"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// chunk is a run of statements that are sent as one Query.
type chunk struct {
	first, end int            // of the string's statements
	tallies    map[int]*tally // by statement
	calm       bool           // a BEGIN inside a block of the guard's own
	receipt    *receipt       // of the only one; nil for none
}

// put adds a statement to the chunk.
func (p *plan) put(i int) *chunk {
	if p.chunk == nil {
		p.chunk = &chunk{first: i, tallies: map[int]*tally{}}
	}
	p.chunk.end = i + 1
	return p.chunk
}

// flush plans the chunk. Where final is true it ends the string, and what the server says
// of it is the answer to the client.
func (p *plan) flush(final bool) {
	if p.chunk == nil {
		return
	}
	part := &part{script: p.script, chunk: p.chunk, final: final, last: p.chunk.end == len(p.statements) && !final, receipt: p.chunk.receipt}
	text, before := p.excerpt(p.chunk.first, p.chunk.end)
	p.chunk, part.shift = nil, before
	p.then(func(g *Guard, s *script, ops *Ops) bool {
		s.chunk, s.flows = part, false
		g.replies.sent(request{kind: wire.Query, part: part})
		at := len(g.toServer)
		g.toServer = wire.AppendQuery(g.toServer, text)
		ops.send(g.toServer[at:])
		return true
	}, part.answered())
}

// excerpt returns some of the statements as the client wrote them, and how many characters
// stand in front.
func (p *plan) excerpt(first, end int) (text string, before int) {
	from, to := 0, len(p.sql)
	if first > 0 {
		from = p.statements[first].Start
	}
	if end < len(p.statements) {
		to = p.statements[end-1].End
	}
	return p.sql[from:to], utf8.RuneCountInString(p.sql[:from])
}

// tag handles the CommandComplete of a chunk's statement, and tells whether the client does
// not receive it now.
func (g *Guard) tag(p *part, message []byte, ops *Ops) (kept bool) {
	s, body := p.script, message[wire.HeaderSize:]
	i := p.chunk.first + p.seen
	p.seen++
	if s.refusal != nil { // an earlier statement is to fail
		return true
	}
	g.completed(body, ops)
	if s.event != nil && i == s.record {
		s.event.completed(body)
	}
	if p.receipt != nil && g.receiptTagged(p, message, ops) {
		return true
	}
	switch c := p.chunk.tallies[i]; {
	case c != nil && g.exceeds(s, c, body, ops):
	case c != nil && c.asks():
		c.tag, c.last = bytes.Clone(message), p.last
	case p.last && i == p.chunk.end-1:
		s.tag = bytes.Clone(message)
	default:
		return false
	}
	return true
}
