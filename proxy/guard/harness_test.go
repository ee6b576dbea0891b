package guard

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// head is a policy with one target; rules are appended to it.
const head = `
targets: [{name: shop, environment: production, listen: "127.0.0.1:6432", upstream: "127.0.0.1:5432"}]
sources: [{name: app, environment: production, cidr: 10.0.0.0/8}]
`

func rulesOf(t testing.TB, yaml string) *Rules {
	t.Helper()
	p, err := policy.Parse("test.yaml", []byte(head+yaml))
	if err != nil {
		t.Fatal(err)
	}
	return NewRules(p.Ruleset(p.Targets[0], policy.Client{
		Source: identity.Match{Environment: "production", Rule: "app"}, User: "app", Database: "shop",
	}))
}

// bench is a guard between two byte streams that a test looks at.
type bench struct {
	t        testing.TB
	guard    *Guard
	chunk    func(left int) int // how many bytes of what is left arrive next
	toServer []byte
	toClient []byte
	events   []*Event
	passed   int
	judged   []policy.Decision
	nonces   int
	ended    bool
	client   []byte // held
	server   []byte // held
	working  Work   // what the guard last told
}

func whole(left int) int { return left }

func oneByte(int) int { return 1 }

func randomly(seed uint64) func(int) int {
	r := rand.New(rand.NewPCG(seed, seed))
	return func(left int) int { return 1 + r.IntN(left) }
}

func newBench(t testing.TB, yaml string) *bench {
	return newBenchWith(t, Config{Rules: rulesOf(t, yaml)})
}

func newBenchWith(t testing.TB, c Config) *bench {
	b := &bench{t: t, chunk: whole}
	c.Cache = parser.NewCache(1<<10, 1<<20)
	c.Source, c.Target, c.Observer = "production", "production", b
	if c.InspectBytes == 0 {
		c.InspectBytes = 1 << 20
		c.ParseBytes = 1 << 19
	}
	c.NewRefusal = func() (string, string) {
		b.nonces++
		return fmt.Sprintf("event-%d", b.nonces), fmt.Sprintf("pgcordon_nonce%d", b.nonces)
	}
	b.guard = New(c, nil)
	return b
}

// ready is a bench after a login.
func ready(t testing.TB, yaml string) *bench {
	b := newBench(t, yaml)
	b.login()
	return b
}

func (b *bench) login() {
	b.fromServer(message(wire.Authentication, "\x00\x00\x00\x00"))
	b.fromServer(message(wire.ParameterStatus, "client_encoding\x00UTF8\x00"))
	b.fromServer(message(wire.ParameterStatus, "standard_conforming_strings\x00on\x00"))
	b.fromServer(z('I'))
	b.toClient, b.events = nil, nil
}

func (b *bench) Passed()                                      { b.passed++ }
func (b *bench) Judged(_ parser.EffectSet, d policy.Decision) { b.judged = append(b.judged, d) }

func (b *bench) Working(w Work) { b.working = w }

func (b *bench) fromClient(messages ...[]byte) {
	b.t.Helper()
	b.feed(join(messages), &b.client, &b.toServer, b.guard.FromClient)
}

func (b *bench) fromServer(messages ...[]byte) {
	b.t.Helper()
	b.feed(join(messages), &b.server, &b.toClient, b.guard.FromServer)
}

// feed does what a driver does.
func (b *bench) feed(in []byte, held, out *[]byte, judge func([]byte, Ops) (Ops, int)) {
	b.t.Helper()
	for len(in) > 0 {
		n := min(len(in), b.chunk(len(in)))
		*held, in = append(*held, in[:n]...), in[n:]
		ops, need := judge(*held, nil)
		*held = (*held)[b.carryOut(ops, *held, out):]
		if b.ended {
			return
		}
		if need > 0 && len(*held) >= need {
			b.t.Fatalf("the guard holds %d bytes and asks for %d", len(*held), need)
		}
	}
}

func (b *bench) carryOut(ops Ops, in []byte, out *[]byte) (consumed int) {
	for _, op := range ops {
		switch op.Kind {
		case Pass:
			*out = append(*out, in[consumed:consumed+op.N]...)
			consumed += op.N
		case Drop:
			consumed += op.N
		case Send:
			*out = append(*out, op.Bytes...)
		case Finish:
			b.events = append(b.events, op.Event)
		case End:
			b.ended = true
		}
	}
	return consumed
}

// sent describes what the server received since the last call, a message a word.
func (b *bench) sent() string { return describe(&b.toServer) }

// received describes what the client received since the last call.
func (b *bench) received() string { return describe(&b.toClient) }

func describe(stream *[]byte) string {
	var words []string
	for in := *stream; len(in) >= wire.HeaderSize; {
		size := min(wire.Size(in), len(in))
		body := in[wire.HeaderSize:size]
		words = append(words, strings.TrimSuffix(fmt.Sprintf("%c %s", in[0], clip(body)), " "))
		in = in[size:]
	}
	*stream = nil
	return strings.Join(words, " | ")
}

// clip shows a body: its NULs as dots, without those at the end.
func clip(body []byte) string {
	s := strings.ReplaceAll(strings.TrimRight(string(body), "\x00"), "\x00", ".")
	if len(s) > 300 {
		s = s[:300]
	}
	return s
}

func join(messages [][]byte) (all []byte) {
	for _, m := range messages {
		all = append(all, m...)
	}
	return all
}

func message(t byte, body string) []byte {
	m := append([]byte{t, 0, 0, 0, 0}, body...)
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	return m
}

func query(sql string) []byte       { return wire.AppendQuery(nil, sql) }
func parse(name, sql string) []byte { return wire.AppendParse(nil, []byte(name), sql) }
func bind(portal, stmt string) []byte {
	return message(wire.Bind, portal+"\x00"+stmt+"\x00\x00\x00\x00\x00\x00\x00")
}
func execute(portal string) []byte     { return wire.AppendExecute(nil, portal) }
func closeOf(kind, name string) []byte { return message(wire.Close, kind+name+"\x00") }
func sync() []byte                     { return message(wire.Sync, "") }
func z(status byte) []byte             { return message(wire.ReadyForQuery, string(status)) }
func done(tag string) []byte           { return message(wire.CommandComplete, tag+"\x00") }

// serverError is what a server says about a substitute, or about anything else.
func serverError(code, text string) []byte {
	return message(wire.ErrorResponse, "SERROR\x00VERROR\x00C"+code+"\x00M"+text+"\x00Fparse.c\x00\x00")
}
