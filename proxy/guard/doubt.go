package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

// doubted is the script of a Query whose text no grammar accepts. Nearly always the server
// does not either, and says why better: it is asked to Parse the text. What it would
// understand is refused.
func (g *Guard) doubted(refused *judged) *script {
	p := &part{doubt: refused}
	p.script = &script{end: ending, query: true, steps: []step{
		func(g *Guard, _ *script, ops *Ops) bool {
			// What the unnamed statement is then, nobody may execute.
			g.replies.sent(request{kind: wire.Parse, part: p, judged: refused})
			at := len(g.toServer)
			g.toServer = wire.AppendParse(g.toServer, nil, refused.text())
			ops.send(g.toServer[at:])
			return true
		},
		p.awaited(),
		func(g *Guard, s *script, ops *Ops) bool {
			s.refusal = g.refuse(refused, ops)
			return true
		},
	}}
	return p.script
}
