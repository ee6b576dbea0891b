package metrics

import "sync"

// maxSQLSTATEs bounds the values of the label. PostgreSQL itself refuses a login
// with fewer than twenty (errcodes.txt), but a server may raise any.
const maxSQLSTATEs = 64

// other stands for what is no SQLSTATE or came after the bound was reached.
const other = "other"

// sqlstates is the set of label values handed out.
type sqlstates struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (s *sqlstates) label(code string) string {
	if !isSQLSTATE(code) {
		return other
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.seen[code]:
		return code
	case len(s.seen) >= maxSQLSTATEs:
		return other
	case s.seen == nil:
		s.seen = map[string]bool{}
	}
	s.seen[code] = true
	return code
}

// isSQLSTATE tells whether code is five digits or upper-case letters (SQL standard;
// PostgreSQL's MAKE_SQLSTATE, elog.h).
func isSQLSTATE(code string) bool {
	if len(code) != 5 {
		return false
	}
	for _, c := range []byte(code) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
