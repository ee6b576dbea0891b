package truth

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed testdata/differences.txt
var differences string

// Why a statement was refused although it destroyed nothing.
const (
	whySkipped   = "there was nothing to drop"
	whyEmpty     = "the table is empty"
	whyNoRow     = "wide in text, and no row matched"
	whySequence  = "sets a sequence, which the sweep does not measure"
	whyDefined   = "defines what would destroy or is put together when it runs"
	whyFile      = "reads or writes a file of the server"
	whyTemporary = "a temporary relation that the guard does not know for sure"
	whyNew       = "made by the same transaction"
	whyOpaque    = "defines code that is not looked into"
	whyOther     = "other"
)

// needless tells whether the refusal is the guard's fault. It is not where only luck left
// nothing to destroy, nor where it is meant: docs/decisions/0008 and the rule about files.
func needless(why string) bool {
	switch why {
	case whySkipped, whyEmpty, whyNoRow, whySequence, whyDefined, whyFile:
		return false
	}
	return true
}

// explain finds out why a refused statement destroyed nothing.
func (w *sweeper) explain(o *observation, r *result) error {
	act := o.refused.Act
	switch {
	case strings.Contains(strings.Join(r.notices, "\n"), "skipping"), dropsNothing(o, r):
		o.why = whySkipped
	case o.refused.Rule == "builtin/copy-program":
		o.why = whyFile
	case o.refused.Rule == "builtin/restart":
		o.why = whySequence
	case strings.HasPrefix(strings.Join(r.tags, " "), "CREATE") && o.refused.Rule == "builtin/unknown":
		o.why = whyOpaque
	case strings.HasPrefix(strings.Join(r.tags, " "), "CREATE"):
		o.why = whyDefined
	case act.Relation.Name == "":
		o.why = whyOther
	default:
		return w.explainRelation(o, act.Relation.Schema, act.Relation.Name)
	}
	return nil
}

// dropsNothing tells whether a DROP found nothing and says so, if at all, in notices
// that the session does not want to hear.
func dropsNothing(o *observation, r *result) bool {
	tags := strings.Join(r.tags, " ")
	sql := strings.ToUpper(abridged(bare(o.sql)))
	return strings.HasPrefix(tags, "DROP OWNED") || strings.HasPrefix(tags, "DROP") && strings.Contains(sql, " IF EXISTS ") && o.refused.Act.Relation.Name == ""
}

// explainRelation asks what the relation was before the transaction.
func (w *sweeper) explainRelation(o *observation, schema, name string) error {
	found, err := w.meter.outside.must(fmt.Sprintf(
		`SELECT relpersistence FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relname = %s AND (%s IN ('', nspname) OR nspname LIKE 'pg_temp%%') ORDER BY relpersistence = 't' DESC LIMIT 1`,
		literal(name), literal(schema)))
	if err != nil {
		return err
	}
	switch {
	case len(found.rows) == 0:
		o.why = whyNew
	case found.rows[0][0] == "t":
		o.why = whyTemporary
	case !strings.HasPrefix(o.refused.Rule, "builtin/unbounded") && o.refused.Rule != "builtin/truncate":
		o.why = whyOther
	default:
		o.why = whyNoRow
		rows, err := w.session.exec("SELECT truth.rows(to_regclass(" + literal(o.refused.Act.Relation.String()) + "))")
		if err != nil {
			return err
		}
		if rows.err == nil && len(rows.rows) == 1 && rows.rows[0][0] == "0" {
			o.why = whyEmpty
		}
	}
	return nil
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// known returns the reason that testdata/differences.txt gives for letting a statement
// pass that destroyed; empty where it gives none.
func (o *observation) known() string {
	statement := o.file + ": " + abridged(bare(o.sql))
	reason := ""
	for line := range strings.Lines(differences) {
		line = strings.TrimSuffix(line, "\n")
		switch text, comment := strings.CutPrefix(line, "# "); {
		case comment:
			reason = text
		case line != "" && strings.HasPrefix(statement, line):
			return reason
		}
	}
	return ""
}

// bare is a statement without the comments in front of it.
func bare(sql string) string {
	l := lexer{text: sql, conforming: true}
	l.begin()
	for l.blank && l.pos < len(sql) {
		l.token()
	}
	return sql[max(l.start, 0):]
}
