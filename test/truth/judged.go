package truth

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// rulesOf are the built-in rules: with policy.Audit they say what they think of a
// statement and let it run, with policy.Enforce they refuse it.
func rulesOf(mode policy.Mode) *guard.Rules {
	p := policy.Default(policy.Endpoint{}, policy.Endpoint{})
	p.Targets[0].Mode = mode
	client := policy.Client{
		Source: identity.Match{Environment: identity.Unknown}, User: "postgres", Database: "postgres",
	}
	return guard.NewRules(p.Ruleset(p.Targets[0], client))
}

// judge is a guard in this process between a session and its server.
type judge struct {
	rules *guard.Rules
	cache *parser.Cache
	limit policy.Limits

	mu      sync.Mutex
	against []policy.Decision // what was, or would have been, refused
}

func newJudge(mode policy.Mode) *judge {
	p := policy.Default(policy.Endpoint{}, policy.Endpoint{})
	return &judge{rules: rulesOf(mode), cache: parser.NewCache(1<<12, 16<<20), limit: p.Limits}
}

// refusals returns what was decided against since the last call.
func (j *judge) refusals() []policy.Decision {
	j.mu.Lock()
	defer j.mu.Unlock()
	against := j.against
	j.against = nil
	return against
}

// dial connects through a guard, as the proxy would.
func (j *judge) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	server, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	client, inner := net.Pipe()
	go j.relay(inner, server)
	return client, nil
}

var _ pgconn.DialFunc = (*judge)(nil).dial

func (j *judge) relay(client, server net.Conn) {
	if err := forwardStartup(client, server); err != nil {
		_ = client.Close()
		_ = server.Close()
		return
	}
	relay.Pumps{}.Run(&relay.Link{
		Client: client, Server: server, Observer: j, Ending: &relay.Ending{},
		Rules: func() *guard.Rules { return j.rules },
		Guard: guard.New(guard.Config{
			Rules: j.rules, Cache: j.cache, Observer: j,
			InspectBytes: j.limit.InspectBytes, ParseBytes: j.limit.ParseBytes,
			Source: "foreign", Target: "protected",
			NewRefusal: func() (string, string) { return "event", "pgcordon_truth" },
		}, nil),
	}, func(error, bool) bool { return true })
}

// forwardStartup passes the startup packet on, which no guard sees.
func forwardStartup(client io.Reader, server io.Writer) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(client, head); err != nil {
		return fmt.Errorf("read the startup packet: %w", err)
	}
	packet := append(head, make([]byte, binary.BigEndian.Uint32(head)-4)...)
	if _, err := io.ReadFull(client, packet[4:]); err != nil {
		return fmt.Errorf("read the startup packet: %w", err)
	}
	_, err := server.Write(packet)
	return err
}

// Judged implements guard.Observer. The server has not seen the statement yet.
func (j *judge) Judged(_ parser.EffectSet, d policy.Decision) {
	if !d.Deny && !d.WouldDeny {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.against = append(j.against, d)
}

func (*judge) Working(guard.Work) {}

// Passed implements guard.Observer.
func (j *judge) Passed() {}

// Begin implements relay.Observer.
func (j *judge) Begin(*guard.Event) {}

// Finish implements relay.Observer.
func (j *judge) Finish(*guard.Event, bool) bool { return true }

// Moved implements relay.Observer.
func (j *judge) Moved(int, int) {}

// Spent implements relay.Observer.
func (j *judge) Spent(time.Duration) {}

func (*judge) Cut(string) {}

// rulesIn names the rules of decisions, for messages.
func rulesIn(decisions []policy.Decision) string {
	if len(decisions) == 0 {
		return "nothing"
	}
	var names []string
	for _, d := range decisions {
		names = append(names, d.Rule+" ("+d.Reason+")")
	}
	return strings.Join(names, ", ")
}
