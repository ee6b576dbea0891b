package hotpath

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

// exchange is what a client says to run one statement, and what the server answers.
type exchange struct {
	name             string
	prepare          []byte // from the client, once; the server answers it with prepared
	prepared         []byte
	request, replies []byte
	messages         int // in request and replies
}

// exchanges run a statement in each protocol, as libpq speaks them.
func exchanges(sql string) []exchange {
	row := [][]byte{[]byte("1")}
	answer := []pgproto3.BackendMessage{
		&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("c"), DataTypeOID: 23, DataTypeSize: 4, TypeModifier: -1}}},
		&pgproto3.DataRow{Values: row}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, &pgproto3.ReadyForQuery{TxStatus: 'I'},
	}
	bind, describe := &pgproto3.Bind{PreparedStatement: "P_0"}, &pgproto3.Describe{ObjectType: 'P'}
	execute, sync := &pgproto3.Execute{}, &pgproto3.Sync{}
	bound := append([]pgproto3.BackendMessage{&pgproto3.BindComplete{}}, answer...)
	return []exchange{
		{name: "simple", messages: 5,
			request: client(&pgproto3.Query{String: sql}), replies: server(answer...)},
		{name: "extended", messages: 11,
			request: client(&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, describe, execute, sync),
			replies: server(append([]pgproto3.BackendMessage{&pgproto3.ParseComplete{}}, bound...)...)},
		{name: "prepared", messages: 9,
			prepare:  client(&pgproto3.Parse{Name: "P_0", Query: sql}, sync),
			prepared: server(&pgproto3.ParseComplete{}, &pgproto3.ReadyForQuery{TxStatus: 'I'}),
			request:  client(bind, describe, execute, sync), replies: server(bound...)},
	}
}

func client(messages ...pgproto3.FrontendMessage) (b []byte) {
	for _, m := range messages {
		b, _ = m.Encode(b) // fails for messages of gigabytes only
	}
	return b
}

func server(messages ...pgproto3.BackendMessage) (b []byte) {
	for _, m := range messages {
		b, _ = m.Encode(b)
	}
	return b
}

// driver is a guard, and the operations that are used again and again.
type driver struct {
	guard *guard.Guard
	ops   guard.Ops
}

type nobody struct{}

func (nobody) Passed()                                  {}
func (nobody) Judged(parser.EffectSet, policy.Decision) {}

func (nobody) Working(guard.Work) {}
func (d *driver) run(t testing.TB, request, reply []byte) {
	d.ops, _ = d.guard.FromClient(request, d.ops[:0])
	d.passes(t, len(request))
	d.ops, _ = d.guard.FromServer(reply, d.ops[:0])
	d.passes(t, len(reply))
}

// passes checks that everything went through as it was.
func (d *driver) passes(t testing.TB, n int) {
	if len(d.ops) != 1 || d.ops[0].Kind != guard.Pass || d.ops[0].N != n {
		t.Fatalf("operations %+v, want %d bytes passed", d.ops, n)
	}
}

// newDriver is a guard after a login and the exchange's preparation.
func newDriver(t testing.TB, e *exchange) *driver {
	d := &driver{guard: guard.New(guard.Config{
		Rules: guard.NewRules(rules(t)), Cache: parser.NewCache(1<<10, 1<<20), InspectBytes: 1 << 20, ParseBytes: 1 << 20,
		Source: "production", Target: "production", Observer: nobody{},
		NewRefusal: func() (string, string) { return "event", "nonce" },
	}, nil)}
	d.ops, _ = d.guard.FromServer(server(&pgproto3.AuthenticationOk{},
		&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"},
		&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"},
		&pgproto3.ReadyForQuery{TxStatus: 'I'}), nil)
	if e.prepare != nil {
		d.run(t, e.prepare, e.prepared)
	}
	d.run(t, e.request, e.replies)
	return d
}

// statements are what the prefilter, the cache, or both have an answer to.
var statements = []struct{ name, sql string }{{"prefiltered", selectOne}, {"cached", update}, {"orm-1kB", orm}}

func TestMessagesAllocateNothing(t *testing.T) {
	for _, s := range statements {
		for _, e := range exchanges(s.sql) {
			t.Run(s.name+"/"+e.name, func(t *testing.T) {
				d := newDriver(t, &e)
				if n := testing.AllocsPerRun(200, func() { d.run(t, e.request, e.replies) }); n != 0 {
					t.Errorf("%v allocations an exchange", n)
				}
			})
		}
	}
}

func TestManyTextsOfOneShapeAllocateNothing(t *testing.T) {
	d := newDriver(t, &exchanges(update)[0])
	other := exchanges(otherLiterals(update))[0]
	if n := testing.AllocsPerRun(200, func() { d.run(t, other.request, other.replies) }); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

func TestFilterCacheAndRulesAllocateNothing(t *testing.T) {
	ruleset := rules(t)
	effects, functions := ruleset.Interest()
	filter := parser.NewPrefilter(effects, functions)
	cache := parser.NewCache(1<<10, 1<<20)
	for _, text := range texts {
		sql := []byte(text.sql)
		summary, _ := cache.Summary(sql, parser.Options{})
		for name, f := range map[string]func(){
			"prefilter": func() { filter.Clean(sql) },
			"cache":     func() { cache.Summary(sql, parser.Options{}) },
			"decide":    func() { ruleset.Decide(summary, policy.Context{}) },
		} {
			if n := testing.AllocsPerRun(200, f); n != 0 {
				t.Errorf("%s of %s: %v allocations", name, text.name, n)
			}
		}
	}
}

// BenchmarkGuard runs whole exchanges; message-ns is the time of one message of them.
func BenchmarkGuard(b *testing.B) {
	for _, s := range statements {
		for _, e := range exchanges(s.sql) {
			b.Run(s.name+"/"+e.name, func(b *testing.B) {
				d := newDriver(b, &e)
				b.ReportAllocs()
				for b.Loop() {
					d.run(b, e.request, e.replies)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*e.messages), "message-ns")
			})
		}
	}
}
