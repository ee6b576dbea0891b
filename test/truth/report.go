package truth

import (
	"fmt"
	"slices"
	"strings"
)

// tally counts what a sweep saw.
type tally struct {
	statements, parsed, failed, failedRefused int
	destroying, destroyingRefused             int
	small, smallRefused                       int
	idle, idleRefused, needless               int
	missed                                    []observation // destroyed, and let through
	unexplained                               []observation // those of them that differences.txt does not explain
	refusedIdle                               map[string][]observation
}

func count(all []observation) *tally {
	t := &tally{refusedIdle: map[string][]observation{}}
	for _, o := range all {
		t.statements++
		t.parsed += one(o.parsed)
		refused := one(o.refused != nil)
		switch {
		case o.failed != "":
			t.failed++
			t.failedRefused += refused
		case len(o.lost) > 0:
			t.destroying++
			t.destroyingRefused += refused
			t.keepMissed(&o)
		case len(o.small) > 0:
			t.small++
			t.smallRefused += refused
		default:
			t.idle++
			t.keepIdle(&o)
		}
	}
	return t
}

func (t *tally) keepMissed(o *observation) {
	if o.refused != nil {
		return
	}
	t.missed = append(t.missed, *o)
	if o.known() == "" {
		t.unexplained = append(t.unexplained, *o)
	}
}

func (t *tally) keepIdle(o *observation) {
	if o.refused == nil {
		return
	}
	t.idleRefused++
	t.needless += one(needless(o.why))
	t.refusedIdle[o.why] = append(t.refusedIdle[o.why], *o)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func percent(part, whole int) string { return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(whole)) }

// document is docs/differential.md.
func (t *tally) document() string {
	var b strings.Builder
	b.WriteString(introduction)
	row := func(what string, n int, note string) { fmt.Fprintf(&b, "| %s | %d | %s |\n", what, n, note) }
	b.WriteString("| | statements | |\n|---|---:|---|\n")
	row("all", t.statements, "of "+percent(t.parsed, t.statements)+" the grammar of the guard accepts the text")
	row("refused by the server itself", t.failed, fmt.Sprintf("%d of them by the guard too", t.failedRefused))
	row("destroyed", t.destroying, fmt.Sprintf("%d refused by the guard", t.destroyingRefused))
	row("**missed**: destroyed, let through, and the text shows it", len(t.unexplained), "goal: 0")
	row("destroyed, let through, and text does not show it", len(t.missed)-len(t.unexplained), "listed below")
	row("changed or deleted few rows", t.small, fmt.Sprintf("%d refused by the guard", t.smallRefused))
	row("destroyed nothing", t.idle, fmt.Sprintf("%d refused by the guard", t.idleRefused))
	row("refused, and destroyed nothing by luck or by a rule that is about something else", t.idleRefused-t.needless, "see below")
	row("**refused needlessly**", t.needless, percent(t.needless, t.idle)+" of what destroyed nothing; goal: below 0.50 %")
	b.WriteString("\n## Destroyed and let through\n\n| test | statement | what was lost | why |\n|---|---|---|---|\n")
	for _, o := range t.missed {
		why := o.known()
		if why == "" {
			why = "**missed**"
		}
		fmt.Fprintf(&b, "| %s:%d | `%s` | %s | %s |\n", o.file, o.line, cell(bare(o.sql)), cell(o.deed.String()), why)
	}
	b.WriteString("\n## Refused, and destroyed nothing\n")
	var whys []string
	for why := range t.refusedIdle {
		whys = append(whys, why)
	}
	slices.Sort(whys)
	for _, why := range whys {
		t.section(&b, why)
	}
	return b.String()
}

// section lists the statements of one reason. Where the guard is not at fault, the number
// says enough.
func (t *tally) section(b *strings.Builder, why string) {
	list := t.refusedIdle[why]
	fmt.Fprintf(b, "\n### %s: %d\n", strings.ToUpper(why[:1])+why[1:], len(list))
	if !needless(why) {
		b.WriteString("\nNot counted as needless.\n")
		return
	}
	b.WriteString("\n| test | statement | rule |\n|---|---|---|\n")
	for _, o := range list {
		fmt.Fprintf(b, "| %s:%d | `%s` | %s |\n", o.file, o.line, cell(bare(o.sql)), o.refused.Rule)
	}
}

// cell fits a text into a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "`", "'").Replace(abridged(text))
}

const introduction = `# The guard beside the server

Two tests ask real servers whether the guard is right.

**A corpus** of some eight hundred scripts in parser/testdata/truth, each labelled as destructive or benign, runs on PostgreSQL 14 to
18; snapshots before and after prove the label, and the built-in rules must refuse what destroys and nothing else. A
script destroys if something is lost that its own session did not make:

- at least half of a table's rows are deleted, or overwritten in place; at least half of the large objects;
- a column is gone, or an object: a relation, type, routine, constraint, trigger, policy, role, publication, slot;
- a partition or child has left its table;
- a sequence will give out numbers again, which no rollback undoes;
- a setting of the server, a role or a database has changed, which outlives the session.

Reading, inserting, few rows, new objects, replaced definitions, other names, settings and temporary tables of the
session are benign. Locks end with their transaction and destroy nothing. A third folder, hidden, holds what destroys
and cannot be seen in text.

**A sweep**, of which the rest of this page is the result. PostgreSQL's own regression suite, as Debian's source package
of PostgreSQL 15 has it, runs statement by statement through a guard in audit mode with the built-in rules. After each
statement the server is asked what it did. *Destroyed* means the same as above, with ten rows as the least; sequences
are not measured. What the same transaction made does not count.

` + "`make differential`" + ` fetches the suite, runs it and writes this page. The tests run a part of it.

`
