package truth

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/test/cluster"
)

//go:embed testdata/fixture.sql
var fixtureSQL string

//go:embed testdata/cluster.sql
var clusterSQL string

// The databases of a prover. Cases that can be rolled back share one; the others
// get a copy each.
const (
	template = "shop_template"
	database = "shop"
	copied   = "shop_copy"
)

// prover runs cases on one server.
type prover struct {
	server  *cluster.Cluster
	judge   *judge
	before  snapshot // of database
	session *session // for the cases that are rolled back
	// pristine is true where no case has changed the copy, legacy where none has
	// dropped the database of that name.
	pristine, legacy bool
}

func newProver(server *cluster.Cluster, mode policy.Mode) (*prover, error) {
	p := &prover{server: server, judge: newJudge(mode)}
	steps := []struct{ database, sql string }{
		{"postgres", clusterSQL},
		{"postgres", "CREATE DATABASE " + template},
		{template, fixtureSQL},
		{template, snapshotSQL},
		{"postgres", "CREATE DATABASE " + database + " TEMPLATE " + template},
	}
	for _, s := range steps {
		if err := server.Exec(s.database, s.sql); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", s.database, err)
		}
	}
	var err error
	p.before, err = p.look(database)
	return p, err
}

// look takes a snapshot in a session of its own, past any guard.
func (p *prover) look(name string) (snapshot, error) {
	s, err := connect(p.server.AdminDSN(name), nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.look(true)
}

// proof is what a case did, and what the guard said of it.
type proof struct {
	losses    losses
	unclear   []string
	exclusive []string // tables that were locked against readers when it was done
	against   []policy.Decision
}

// prove runs a case and leaves the database as it was.
func (p *prover) prove(c *Case) (*proof, error) {
	if c.Outside {
		return p.proveOutside(c)
	}
	if strings.Contains(c.Script, ";") { // what the session did before may matter to a script
		p.close()
	}
	if p.session == nil {
		var err error
		if p.session, err = connect(p.server.AdminDSN(database), p.judge.dial); err != nil {
			return nil, err
		}
	}
	result, err := p.proveInside(p.session, c)
	if err != nil { // who knows what it left behind
		p.close()
	}
	return result, err
}

func (p *prover) close() {
	if p.session != nil {
		p.session.close()
		p.session = nil
	}
}

// proveInside runs a case in a transaction that is rolled back.
func (p *prover) proveInside(s *session, c *Case) (*proof, error) {
	if _, err := s.must("BEGIN"); err != nil {
		return nil, err
	}
	if err := s.play(c); err != nil {
		return nil, err
	}
	if s.state != 'T' {
		return nil, errors.New("it ends its transaction, and is not marked as outside")
	}
	result := &proof{against: p.judge.refusals()}
	after := snapshot{}
	// A transaction without an id has written nothing and locked nothing exclusively
	// (PostgreSQL's src/backend/access/transam/README, "Transaction and Subtransaction Numbering").
	id, err := s.must("SELECT pg_current_xact_id_if_assigned()")
	if err == nil && id.rows[0][0] != "" {
		after, err = p.measure(s, result)
	}
	if err != nil {
		return nil, err
	}
	// What no rollback takes back.
	if _, err := s.must("ROLLBACK; DEALLOCATE ALL; SELECT pg_advisory_unlock_all()"); err != nil {
		return nil, err
	}
	err = p.rewind(s, after)
	p.judge.refusals() // of setting sequences back
	return result, err
}

// measure compares what a session sees in its transaction with what was before.
func (p *prover) measure(s *session, result *proof) (after snapshot, err error) {
	if after, err = s.look(false); err != nil {
		return nil, err
	}
	result.losses, result.unclear = compare(p.before, after)
	if len(result.losses[lostObjects]) > 0 { // perhaps made anew: names tell
		if after, err = s.look(true); err != nil {
			return nil, err
		}
		result.losses, result.unclear = compare(p.before, after)
	}
	for table := range after["lock"] {
		result.exclusive = append(result.exclusive, table)
	}
	return after, nil
}

// rewind sets sequences back, which no rollback does.
func (p *prover) rewind(s *session, after snapshot) error {
	for name := range after["sequence"] {
		next, there := p.before["sequence"][name]
		if !there || after["sequence"][name] == next {
			continue
		}
		if _, err := s.must(fmt.Sprintf("SELECT setval('%s', %s, false)", name, next)); err != nil {
			return err
		}
	}
	return nil
}

// proveOutside runs a case in a copy of the database.
func (p *prover) proveOutside(c *Case) (*proof, error) {
	if err := p.prepareCopy(); err != nil {
		return nil, err
	}
	before, err := p.look(copied)
	if err != nil {
		return nil, err
	}
	s, err := connect(p.server.AdminDSN(copied), p.judge.dial)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.play(c); err != nil {
		return nil, err
	}
	result := &proof{against: p.judge.refusals()}
	after, err := p.look(copied)
	if err != nil {
		return nil, err
	}
	result.losses, result.unclear = compare(before, after)
	p.legacy = maps.Equal(before["database"], after["database"])
	p.pristine = unchanged(before, after)
	if err := p.restore(); err != nil {
		return nil, err
	}
	p.before, err = p.look(database) // roles that were made anew are others
	return result, err
}

// prepareCopy makes the copy anew where a case has changed it, and a database to drop
// where it was dropped.
func (p *prover) prepareCopy() error {
	var statements []string
	if !p.pristine {
		statements = append(statements,
			"DROP DATABASE IF EXISTS "+copied+" WITH (FORCE)", "CREATE DATABASE "+copied+" TEMPLATE "+template)
	}
	if !p.legacy {
		statements = append(statements, "DROP DATABASE IF EXISTS legacy", "CREATE DATABASE legacy")
	}
	p.pristine, p.legacy = false, false
	return p.administer(append(statements, "ALTER DATABASE "+copied+" SET work_mem = '8MB'")...)
}

// unchanged tells whether a database holds what it held, whatever became of what
// restore puts back.
func unchanged(before, after snapshot) bool {
	for _, kind := range []string{"rows", "column", "sequence", "large object"} {
		if !maps.Equal(before[kind], after[kind]) {
			return false
		}
	}
	shared := func(key, _ string) bool {
		return strings.HasPrefix(key, "pg_authid/") || strings.HasPrefix(key, "slot/")
	}
	maps.DeleteFunc(before["object"], shared)
	maps.DeleteFunc(after["object"], shared)
	return maps.Equal(before["object"], after["object"])
}

// restore puts back what all databases of the server share.
func (p *prover) restore() error { return p.administer("ALTER SYSTEM RESET ALL", clusterSQL) }

func (p *prover) administer(statements ...string) error {
	for _, sql := range statements {
		if err := p.server.Exec("postgres", sql); err != nil {
			return fmt.Errorf("administer the server: %w", err)
		}
	}
	return nil
}

// play runs a case's queries; each has to succeed, or the case proves nothing.
func (s *session) play(c *Case) error {
	script := NewScript(c.Script, nil)
	for q, ok := script.Next(); ok; q, ok = script.Next() {
		r, err := s.run(q, script.CopyData)
		script.conforming = s.conforming
		if err != nil {
			return err
		}
		if r.err != nil {
			return fmt.Errorf("%s: %w", abridged(q.SQL), r.failure())
		}
	}
	return nil
}
