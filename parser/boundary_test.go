package parser

import "testing"

func TestBoundaryOfAStatement(t *testing.T) {
	for sql, want := range map[string]struct {
		Boundary
		chains bool
	}{
		"BEGIN": {Begins, false}, "START TRANSACTION READ ONLY": {Begins, false},
		"END": {Commits, false}, "COMMIT AND CHAIN": {Commits, true}, "PREPARE TRANSACTION 'x'": {Commits, false},
		"ABORT": {RollsBack, false}, "ROLLBACK AND CHAIN": {RollsBack, true},
		"SAVEPOINT a": {Marks, false}, "ROLLBACK TO a": {Marks, false}, "RELEASE a": {Marks, false},
		"COMMIT PREPARED 'x'": {Alone, false}, "VACUUM": {Alone, false}, "ANALYZE": {Quiet, false},
		"CREATE INDEX CONCURRENTLY ON a (b)": {Alone, false}, "CREATE INDEX ON a (b)": {Within, false},
		"DROP INDEX CONCURRENTLY a": {Alone, false}, "DROP INDEX a": {Within, false},
		"REINDEX TABLE a": {Alone, false}, "DROP DATABASE a": {Alone, false}, "ALTER SYSTEM SET work_mem = 1": {Alone, false},
		"DISCARD ALL": {Alone, false}, "DISCARD PLANS": {Within, false},
		"ALTER TABLE a DETACH PARTITION b CONCURRENTLY": {Alone, false}, "ALTER TABLE a DETACH PARTITION b": {Within, false},
		"SET TRANSACTION READ ONLY": {Quiet, false}, "RESET ALL": {Quiet, false}, "SHOW work_mem": {Quiet, false}, "LOCK a": {Quiet, false},
		"DECLARE c CURSOR FOR SELECT f()": {Quiet, false}, "DECLARE c CURSOR WITH HOLD FOR SELECT f()": {AtCommit, false},
		"SET CONSTRAINTS ALL IMMEDIATE": {Quiet, false}, "FETCH c": {Within, false}, "CALL p()": {Within, false}, "SELECT 1": {Within, false},
	} {
		s := Summarize(sql, Options{})
		if !s.Parsed || len(s.Statements) != 1 {
			t.Fatalf("%s: %+v", sql, s)
		}
		if st := s.Statements[0]; st.Boundary != want.Boundary || st.Chains != want.chains {
			t.Errorf("%s: boundary %d, chains %t", sql, st.Boundary, st.Chains)
		}
	}
}
