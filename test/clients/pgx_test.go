package clients

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// scenario tells what came back, line by line.
type scenario struct {
	name string
	mode pgx.QueryExecMode
	play func(context.Context, *pgx.Conn, *diary) error
}

var pgxScenarios = []scenario{
	{"queries, prepared once", pgx.QueryExecModeCacheStatement, pgxQueries},
	{"queries, described once", pgx.QueryExecModeCacheDescribe, pgxQueries},
	{"queries, described each time", pgx.QueryExecModeDescribeExec, pgxQueries},
	{"queries, never described", pgx.QueryExecModeExec, pgxQueries},
	{"queries, simple protocol", pgx.QueryExecModeSimpleProtocol, pgxQueries},
	{"batch", pgx.QueryExecModeCacheStatement, pgxBatch},
	{"copy", pgx.QueryExecModeCacheStatement, pgxCopy},
	{"errors", pgx.QueryExecModeCacheStatement, pgxErrors},
	{"notifications", pgx.QueryExecModeCacheStatement, pgxNotifications},
	{"large objects", pgx.QueryExecModeCacheStatement, pgxLargeObjects},
	{"cancel", pgx.QueryExecModeCacheStatement, pgxCancel},
	{"pipeline", pgx.QueryExecModeCacheStatement, pgxPipeline},
}

func TestPgxTellsTheSame(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.same(t, func(t *testing.T, e endpoint, _ string) string {
			var d diary
			for _, s := range pgxScenarios {
				d.note("---", s.name)
				if err := s.run(e, &d); err != nil {
					t.Errorf("%s: %s: %v", e.name, s.name, err)
				}
			}
			return d.String()
		})
	})
}

func (s scenario) run(e endpoint, d *diary) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	config, err := pgx.ParseConfig(e.dsn())
	if err != nil {
		return err
	}
	config.DefaultQueryExecMode = s.mode
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return s.play(ctx, conn, d)
}

// diary is what a scenario noted.
type diary struct{ strings.Builder }

func (d *diary) note(values ...any) { fmt.Fprintln(d, values...) }

// fault notes an error as a program would look at it.
func (d *diary) fault(err error) {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		d.note("error", e.Severity, e.Code, e.Message, e.Detail, e.Hint, e.Position, e.Routine)
		return
	}
	d.note("error", err)
}
