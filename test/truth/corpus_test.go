package truth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// The classes, and how many cases each has at least.
var classes = []struct {
	name  string
	least int
}{{"destructive", 300}, {"benign", 400}, {"hidden", 10}}

func cases(t *testing.T, class string) []Case {
	t.Helper()
	all, err := readCases(class)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCorpusIsLargeAndWithoutRepetition(t *testing.T) {
	seen := map[string]string{}
	for _, class := range classes {
		all := cases(t, class.name)
		t.Logf("%s: %d cases", class.name, len(all))
		if len(all) < class.least {
			t.Errorf("%d %s cases, want %d", len(all), class.name, class.least)
		}
		for i := range all {
			key := strings.Join(strings.Fields(all[i].Script), " ")
			if at, twice := seen[key]; twice {
				t.Errorf("%s says what %s says", &all[i], at)
			}
			seen[key] = all[i].String()
		}
	}
}

// quiet keeps the server from changing anything by itself.
var quiet = map[string]string{"autovacuum": "off"}

func newTestProver(t *testing.T, major int, mode policy.Mode) *prover {
	t.Helper()
	p, err := newProver(pgtest.Start(t, pgtest.Config{Major: major, Conf: quiet}).Cluster, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// Each label is what the server shows, and what the built-in rules make of it:
// they refuse what destroys, save where text cannot show it, and nothing else.
func TestServersProveTheLabels(t *testing.T) {
	for _, major := range pgtest.Majors {
		t.Run(fmt.Sprintf("PostgreSQL %d", major), func(t *testing.T) {
			t.Parallel()
			p := newTestProver(t, major, policy.Audit)
			for _, class := range classes {
				for _, c := range cases(t, class.name) {
					if c.knownTo(major) {
						p.check(t, &c)
					}
				}
			}
		})
	}
}

func (p *prover) check(t *testing.T, c *Case) {
	t.Helper()
	got, err := p.prove(c)
	if err != nil {
		p.judge.refusals()
		t.Errorf("%s: %v", c, err)
		return
	}
	if !slices.Equal(got.losses.ways(), c.Ways) {
		t.Errorf("%s: %s\nthe label says %v, the server shows %v: %s", c, abridged(c.Script), c.Ways, got.losses.ways(), got.losses)
	}
	if len(got.unclear) > 0 {
		t.Errorf("%s: %s\nproves nothing: it hit %v", c, abridged(c.Script), got.unclear)
	}
	if exclusive := len(got.exclusive) > 0; c.Class == "benign" && exclusive != c.Exclusive {
		t.Errorf("%s: %s\nexclusive: %v, the server shows %v", c, abridged(c.Script), c.Exclusive, got.exclusive)
	}
	if refused := len(got.against) > 0; refused != (c.Class == "destructive") && !c.Disputed {
		t.Errorf("%s: %s\nVERDICT refused by %s", c, abridged(c.Script), rulesIn(got.against))
	}
}

func TestWhatIsRefusedTakesNoEffect(t *testing.T) {
	p := newTestProver(t, slices.Max(pgtest.Majors), policy.Enforce)
	if err := p.prepareCopy(); err != nil {
		t.Fatal(err)
	}
	before, err := p.look(copied)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases(t, "destructive") {
		if c.Disputed || !c.knownTo(p.server.Config.Major) {
			continue
		}
		s, err := connect(p.server.AdminDSN(copied), p.judge.dial)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.play(&c); err == nil || !strings.Contains(err.Error(), "42501: pgcordon") {
			t.Errorf("%s is not refused: %v", &c, err)
		}
		s.close()
	}
	after, err := p.look(copied)
	if err != nil {
		t.Fatal(err)
	}
	if lost, unclear := compare(before, after); len(lost) > 0 || len(unclear) > 0 {
		t.Errorf("refused, and lost nevertheless: %s %v", lost, unclear)
	}
}
