package load

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/catalog"
)

// maxTables bounds what is kept of a database. One with more tables has no catalog.
const maxTables = 100_000

// readTimeout is how long one reading may take.
const readTimeout = time.Minute

// Source is a database and how to get in.
type Source struct {
	Dial                     func(context.Context) (net.Conn, error) // TLS included
	User, Password, Database string
}

// Read connects, reads the catalog and disconnects.
func (s Source) Read(ctx context.Context) (*catalog.Catalog, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	config, err := s.config()
	if err != nil {
		return nil, fmt.Errorf("read catalog of %s: %w", s.Database, err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("read catalog of %s: %w", s.Database, err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	var c *catalog.Catalog
	readOnly := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, conn, readOnly, func(tx pgx.Tx) error {
		c, err = readIn(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read catalog of %s: %w", s.Database, err)
	}
	return c, nil
}

// config leaves nothing to the environment or to files of the user.
func (s Source) config() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig("host=catalog user=catalog sslmode=disable passfile='' servicefile=''")
	if err != nil {
		return nil, err
	}
	config.User, config.Password, config.Database = s.User, s.Password, s.Database
	config.Fallbacks, config.TLSConfig = nil, nil
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) }
	config.RuntimeParams = map[string]string{"application_name": "pgcordon catalog"}
	return config, nil
}

// reader collects the parts of a catalog by OID.
type reader struct {
	tx     pgx.Tx
	tables map[uint32]*catalog.Table
	// ruled are tables whose rules may make a DELETE of one row anything; partitioned
	// ones have the keys of all their partitions.
	ruled, partitioned map[uint32]bool
}

func readIn(ctx context.Context, tx pgx.Tx) (*catalog.Catalog, error) {
	began := time.Now()
	r := reader{tx: tx, tables: map[uint32]*catalog.Table{}, ruled: map[uint32]bool{}, partitioned: map[uint32]bool{}}
	var references []catalog.Reference
	for _, part := range []func(context.Context) error{
		r.readTables, r.readKeys, r.readParents,
		func(ctx context.Context) (err error) { references, err = r.readReferences(ctx); return err },
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	var all []*catalog.Table
	for _, t := range r.tables {
		all = append(all, t)
	}
	return catalog.New(began, all, references), nil
}

func (r *reader) readTables(ctx context.Context) error {
	var oid uint32
	var schema, name string
	var partitioned, rules bool
	var estimate int64
	rows, err := r.tx.Query(ctx, tablesQuery)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&oid, &schema, &name, &partitioned, &estimate, &rules}, func() error {
		if len(r.tables) >= maxTables {
			return fmt.Errorf("more than %d tables", maxTables)
		}
		if partitioned {
			estimate = -1 // the sum of the partitions', see readParents
		}
		r.tables[oid] = &catalog.Table{Name: catalog.Name{Schema: schema, Table: name}, Rows: estimate}
		r.ruled[oid], r.partitioned[oid] = rules, partitioned
		return nil
	})
	return err
}

func (r *reader) readKeys(ctx context.Context) error {
	var oid uint32
	var columns []string
	rows, err := r.tx.Query(ctx, keysQuery)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&oid, &columns}, func() error {
		if t := r.tables[oid]; t != nil && !r.ruled[oid] && len(columns) > 0 {
			t.Keys = append(t.Keys, append([]string(nil), columns...))
		}
		return nil
	})
	return err
}

// readParents takes the keys off tables with children: the rows of those are rows of
// theirs, and their keys say nothing of them.
func (r *reader) readParents(ctx context.Context) error {
	var child, parent uint32
	rows, err := r.tx.Query(ctx, parentsQuery)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&child, &parent}, func() error {
		c, p := r.tables[child], r.tables[parent]
		if c == nil || p == nil { // an index of a partitioned table
			return nil
		}
		c.Parents = append(c.Parents, p.Name)
		if !r.partitioned[parent] {
			p.Keys = nil
		}
		return nil
	})
	return err
}

func (r *reader) readReferences(ctx context.Context) ([]catalog.Reference, error) {
	var from, to uint32
	var action string
	var all []catalog.Reference
	rows, err := r.tx.Query(ctx, referencesQuery)
	if err != nil {
		return nil, err
	}
	_, err = pgx.ForEachRow(rows, []any{&from, &to, &action}, func() error {
		f, t := r.tables[from], r.tables[to]
		if f != nil && t != nil {
			all = append(all, catalog.Reference{From: f.Name, To: t.Name, OnDelete: actions[action]})
		}
		return nil
	})
	return all, err
}

// actions are those of confdeltype (documentation, pg_constraint); the others fail.
var actions = map[string]catalog.Action{"c": catalog.Cascade, "n": catalog.Set, "d": catalog.Set}
