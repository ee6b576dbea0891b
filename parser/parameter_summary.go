package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// longestKept is the longest text that is kept to be judged again with values, in
// bytes. It is judged wherever the values are at hand, so it must not take long.
const longestKept = maxCachedText

// Text returns the text of a Parametric summary.
func (s *Summary) Text() string { return s.text }

// With returns what the same text does with these values for its parameters, $1 first.
// Parameters that are not among them can have any. s must be Parametric; the values
// are not kept.
func (s *Summary) With(values []Value) *Summary {
	p := s.premise
	p.values = append([]Value{}, values...)
	return summarize(s.text, p)
}

// keep notes what With needs. A text that is too long stays judged by the worst values.
func (s *Summary) keep(sql string, o premise) {
	s.Parametric = s.Parametric && s.Parsed && len(sql) <= longestKept
	if s.Parametric {
		s.text, s.premise = sql, o
		s.literalDependent = true
	}
}

// bind puts the values of parameters where they stand, if they are known.
func (w *walker) bind(n *pg_query.Node) {
	if n != nil && w.premise.values != nil {
		w.binding().in(n)
	}
}

// settle takes out of a condition what is decided without the values of parameters.
func (w *walker) settle(n *pg_query.Node) {
	if w.premise.values == nil {
		w.binding().in(n)
	}
}

func (w *walker) binding() binding { return binding{w.premise.values, &w.literalDependent} }

// widen makes the acts of a statement those of the worst values, where some are not
// known and make a difference.
func (w *walker) widen(n *pg_query.Node) {
	if !w.affected() || !dependsOnParameters(n, w.binding()) {
		return
	}
	w.parametric = w.premise.values == nil
	for i := range w.stmt.Acts {
		if a := &w.stmt.Acts[i]; a.Breadth > Tautology {
			a.Breadth, a.Values, a.Limited, a.Ties = Tautology, 0, false, ""
		}
	}
}

// affected tells whether a statement has acts that a value can change: those with a
// breadth, and those of functions.
func (w *walker) affected() bool {
	for _, a := range w.stmt.Acts {
		if a.Breadth != NotApplicable || a.Effect == Function || a.Effect == Settings {
			return true
		}
	}
	return false
}
