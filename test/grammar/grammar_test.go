package grammar

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

const corpus = "../../parser/testdata/newer.txt"

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// newer is a text and the first major whose grammar has it; 0 where none has.
type newer struct {
	sql   string
	since int
}

func readCorpus(t *testing.T) (all []newer) {
	t.Helper()
	text, err := os.ReadFile(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		var n newer
		for line := range strings.SplitSeq(block, "\n") {
			switch {
			case strings.HasPrefix(line, "! since "):
				if _, err := fmt.Sscanf(line, "! since %d", &n.since); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			case !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "! ") && !strings.HasPrefix(line, "=>"):
				n.sql += line + "\n"
			}
		}
		all = append(all, n)
	}
	return all
}

func TestServersAcceptWhatIsReadByItsTokens(t *testing.T) {
	texts := readCorpus(t)
	for _, major := range pgtest.Majors {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			server.NewDatabase(t, "newer")
			for _, n := range texts {
				accepted := accepts(t, server, n.sql)
				if expected := n.since > 0 && major >= n.since; accepted != expected {
					t.Errorf("accepted %v, expected %v: %s", accepted, expected, n.sql)
				}
			}
		})
	}
}

// accepts tells whether a server's grammar has a text. What the text names does not
// exist, which the server notices later.
func accepts(t *testing.T, server *pgtest.Server, sql string) bool {
	t.Helper()
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, server.AdminDSN("newer"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql).ReadAll()
	var refused *pgconn.PgError
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("%s: %v", sql, err)
	}
	return err == nil || refused.Code != "42601" // syntax_error
}
