package parser

import (
	"slices"
	"strings"
)

// keywordEffects are the effects of a keyword where it may begin a statement. It
// is effectWords the other way round, without the words that only occur in the
// middle of one.
var keywordEffects = map[string]EffectSet{
	"insert": SetOf(Insert), "update": SetOf(Update), "delete": SetOf(Delete),
	"merge": SetOf(Merge), "truncate": SetOf(Truncate), "drop": SetOf(Drop),
	"detach": SetOf(Drop), "alter": SetOf(Alter), "comment": SetOf(Alter),
	"create": SetOf(Create), "import": SetOf(Create), "grant": SetOf(Privileges),
	"revoke": SetOf(Privileges), "reassign": SetOf(Privileges), "owner": SetOf(Privileges),
	"role": SetOf(Role), "authorization": SetOf(Role),
	"copy": SetOf(CopyIn, CopyOut, CopyProgram), "load": SetOf(Function),
	"call": SetOf(Call), "do": SetOf(Do), "lock": SetOf(Lock),
	"vacuum": SetOf(Maintenance), "analyze": SetOf(Maintenance), "analyse": SetOf(Maintenance),
	"cluster": SetOf(Maintenance), "reindex": SetOf(Maintenance),
	"checkpoint": SetOf(Maintenance), "refresh": SetOf(Maintenance),
	"set": SetOf(Settings), "reset": SetOf(Settings), "discard": SetOf(Settings),
	"execute": SetOf(Execute),
}

// eventWords stand in front of a keyword that names an event or a lock instead of
// beginning a statement: ON DELETE, FOR UPDATE, BEFORE INSERT OR UPDATE. "for no key
// update" ends in key.
var eventWords = []string{"on", "for", "before", "after", "or", "of", "key"}

// judgeTokens judges a text that the grammar does not accept. It is meant to err
// towards more: a keyword counts wherever it is not plainly something else, a
// predicate is not looked at, and every statement has an Unknown act.
func judgeTokens(sql, reason string) *Summary {
	s := &Summary{Reason: reason}
	l := lexer{sql: sql}
	for {
		st, more := statementFromTokens(&l)
		if st != nil {
			s.Statements = append(s.Statements, *st)
		}
		if !more {
			break
		}
	}
	if len(s.Statements) == 0 { // nothing but comments, one of them perhaps open
		s.Statements = []Statement{{Kind: "UNKNOWN", End: len(sql), Acts: []Act{{Effect: Unknown}}}}
	}
	return s
}

// statementFromTokens judges the tokens up to the next semicolon; nil where there
// are none. More is false at the end of the text.
func statementFromTokens(l *lexer) (st *Statement, more bool) {
	var previous token
	for t := l.next(); ; t = l.next() {
		if t.kind == endToken {
			return st, false
		}
		if l.sql[t.start:t.end] == ";" {
			return st, true
		}
		if st == nil {
			st = &Statement{Kind: "UNKNOWN", Start: t.start, Acts: []Act{{Effect: Unknown}}}
		}
		st.End = t.end
		st.judgeToken(*l, previous, t)
		previous = t
	}
}

// judgeToken records what one token may mean. The lexer is a copy, to look ahead.
func (s *Statement) judgeToken(ahead lexer, previous, t token) {
	name, ok := identifier(ahead.sql, t)
	if !ok {
		return
	}
	s.judgeName(ahead, name)
	if t.kind != wordToken || slices.Contains(eventWords, wordOf(ahead.sql, previous)) ||
		previous.end > 0 && ahead.sql[previous.start:previous.end] == "." {
		return
	}
	if s.Kind == "UNKNOWN" && keywordEffects[name] != 0 {
		s.Kind = strings.ToUpper(name)
	}
	for _, e := range keywordEffects[name].List() {
		a := Act{Effect: e}
		switch e {
		case Insert, Update, Delete, Truncate, Drop, Merge:
			a.Relation = relationAhead(ahead)
		}
		if e == Update || e == Delete {
			a.Breadth = NoPredicate
		}
		s.act(a)
	}
}

// judgeName records a name that is followed by an opening bracket as a function.
// In attribute notation there is none, so a known function counts anywhere.
func (s *Statement) judgeName(ahead lexer, name string) {
	effects := functionEffects("", name)
	for _, e := range effects.List() {
		if e == Settings { // set_config, of whatever setting
			s.act(Act{Effect: Settings, Traits: TraitsOf(HidesCatalog, ReadWrite)})
			s.act(Act{Effect: Role})
			continue
		}
		s.act(Act{Effect: e, Object: name})
	}
	next := ahead.next()
	if effects != 0 || next.kind == symbolToken && ahead.sql[next.start] == '(' {
		s.calls(name)
	}
}

// relationAhead returns the first name behind the keyword that can be a relation.
func relationAhead(l lexer) Relation {
	var path []string
	for t := l.next(); ; t = l.next() {
		name, ok := identifier(l.sql, t)
		if !ok {
			return relationNamed(path)
		}
		if t.kind == wordToken && path == nil && slices.Contains(noiseWords, name) {
			continue
		}
		path = append(path, name)
		if t = l.next(); t.kind != symbolToken || l.sql[t.start] != '.' {
			return relationNamed(path)
		}
	}
}

// noiseWords may stand between a keyword and the relation's name.
var noiseWords = []string{
	"from", "into", "only", "table", "if", "exists", "view", "materialized",
	"sequence", "index", "concurrently", "foreign", "or", "replace",
}

// identifier returns the name that a token stands for, folded as PostgreSQL folds it.
func identifier(sql string, t token) (string, bool) {
	text := sql[t.start:t.end]
	switch t.kind {
	case wordToken:
		return strings.ToLower(text), true
	case quotedToken:
		text = text[strings.IndexByte(text, '"')+1:]
		if !t.open {
			text = text[:len(text)-1]
		}
		return strings.ReplaceAll(text, `""`, `"`), true
	}
	return "", false
}

// wordOf returns an unquoted word in lower case, empty for any other token.
func wordOf(sql string, t token) string {
	if t.kind != wordToken {
		return ""
	}
	return strings.ToLower(sql[t.start:t.end])
}

// isReplicationCommand tells whether a walsender takes the text for a command of
// its own grammar; it looks at the first word only (repl_scanner.l,
// replication_scanner_is_replication_command).
func isReplicationCommand(sql string) bool {
	l := lexer{sql: sql}
	return slices.Contains(replicationCommands, wordOf(sql, l.next()))
}

// replicationCommand judges a walsender command. Its other words are read as if
// they were SQL: there is one command to a text, so they should yield nothing.
func replicationCommand(sql string) *Summary {
	s := judgeTokens(sql, "")
	s.Parsed = true
	for i := range s.Statements {
		st := &s.Statements[i]
		st.drop(Unknown)
		st.act(Act{Effect: Replication})
	}
	l := lexer{sql: sql}
	s.Statements[0].Kind = strings.ToUpper(wordOf(sql, l.next()))
	return s
}
