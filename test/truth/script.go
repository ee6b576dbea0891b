package truth

import "strings"

// Query is what psql would send to the server at once.
type Query struct {
	SQL      string
	Extended bool     // \bind was given: the extended query protocol
	Args     []string // its parameters, as text
	GSet     bool     // \gset: the first row's columns become variables
	Prefix   string   // of these variables' names
	Line     int      // where it begins, from 1
}

// Script reads a text as psql does: statements end at a semicolon, "\;" joins
// several into one query string, \bind gives parameters, :name, :'name' and
// :"name" stand for variables (PostgreSQL's src/fe_utils/psqlscan.l). Other
// commands of psql are passed over.
type Script struct {
	lexer
	variables map[string]string
	skipping  []bool // for each \if: whether its present branch is left out
}

// NewScript reads text. The variables are those that the text may use; the map
// is changed by \set and Set.
func NewScript(text string, variables map[string]string) *Script {
	if variables == nil {
		variables = map[string]string{}
	}
	return &Script{lexer: lexer{text: text + "\n", conforming: true}, variables: variables}
}

// Set gives a variable its value.
func (s *Script) Set(name, value string) { s.variables[name] = value }

// Next returns the next query; false where there is none.
func (s *Script) Next() (Query, bool) {
	s.begin()
	for s.pos < len(s.text) {
		switch {
		case s.text[s.pos] == '\\':
			if q, done := s.command(); done {
				return q, true
			}
		case s.text[s.pos] == ';' && s.complete():
			s.pos++
			if q, done := s.finish(); done {
				return q, true
			}
		case s.text[s.pos] == ':' && s.variable():
		default:
			s.token()
		}
	}
	return s.finish()
}

// finish returns the query that was gathered, unless it is empty or left out.
func (s *Script) finish() (Query, bool) {
	q := Query{SQL: strings.TrimSpace(s.sql.String()), Line: s.line()}
	empty := s.words == nil && s.blank
	s.begin()
	return q, !empty && !s.skipped()
}

// CopyData takes what follows the current line up to "\.", for COPY FROM STDIN.
func (s *Script) CopyData() string {
	_, rest, _ := strings.Cut(s.text[s.pos:], "\n")
	data, after, found := strings.Cut(rest, "\\.\n")
	if strings.HasPrefix(rest, "\\.\n") || !found || data == "" || strings.HasSuffix(data, "\n") {
		s.pos = len(s.text) - len(after)
	}
	return data
}

// command reads what begins with a backslash. It returns true where it completes
// a query.
func (s *Script) command() (Query, bool) {
	if strings.HasPrefix(s.text[s.pos:], "\\;") {
		s.pos += 2
		s.sql.WriteByte(';')
		s.words, s.blank = nil, false
		return Query{}, false
	}
	line, _, _ := strings.Cut(s.text[s.pos+1:], "\n")
	if command, _, several := strings.Cut(line, "\\"); several && !strings.HasPrefix(line, "if") {
		line = command // another command follows in this line
	}
	s.pos += 1 + len(line)
	words := arguments(line)
	if len(words) == 0 {
		return Query{}, false
	}
	return s.obey(words[0], words[1:])
}

func (s *Script) obey(name string, args []string) (Query, bool) {
	switch {
	case name == "if":
		s.skipping = append(s.skipping, true) // no condition is ever known to hold
	case (name == "else" || name == "elif") && len(s.skipping) > 0:
		s.skipping[len(s.skipping)-1] = name == "elif"
	case name == "endif" && len(s.skipping) > 0:
		s.skipping = s.skipping[:len(s.skipping)-1]
	case name == "set" && len(args) > 0 && !s.skipped():
		s.Set(args[0], s.expand(args[1:]))
	case name == "bind":
		q, ok := s.finish()
		q.Extended, q.Args = true, args
		s.toGo()
		return q, ok
	case name == "g", name == "gx", name == "gset", name == "gdesc", name == "crosstabview", name == "watch":
		q, ok := s.finish()
		if q.GSet = name == "gset"; q.GSet && len(args) > 0 {
			q.Prefix = args[0]
		}
		return q, ok
	case name == "gexec", name == "r":
		s.begin()
	}
	return Query{}, false
}

// toGo passes over the \g behind \bind.
func (s *Script) toGo() {
	if rest := s.text[s.pos:]; strings.HasPrefix(rest, "\\g") {
		line, _, _ := strings.Cut(rest, "\n")
		s.pos += len(line)
	}
}

func (s *Script) skipped() bool {
	for _, skip := range s.skipping {
		if skip {
			return true
		}
	}
	return false
}

// expand joins the words of \set, with variables replaced.
func (s *Script) expand(words []string) string {
	var all strings.Builder
	for _, w := range words {
		if value, ok := s.variables[strings.TrimPrefix(w, ":")]; ok && strings.HasPrefix(w, ":") {
			w = value
		}
		all.WriteString(w)
	}
	return all.String()
}

// variable replaces a variable at the present place; false where there is none.
func (s *Script) variable() bool {
	if strings.HasPrefix(s.text[s.pos:], "::") {
		s.sql.WriteString("::")
		s.pos += 2
		return true
	}
	rest := s.text[s.pos+1:]
	quote := ""
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		quote, rest = rest[:1], rest[1:]
	}
	n := 0
	for n < len(rest) && wordByte(rest[n]) {
		n++
	}
	value, known := s.variables[rest[:n]]
	if !known || quote != "" && !strings.HasPrefix(rest[n:], quote) {
		return false
	}
	if quote != "" {
		value = quote + strings.ReplaceAll(value, quote, quote+quote) + quote
	}
	s.sql.WriteString(value)
	s.blank = false
	s.pos += 1 + 2*len(quote) + n
	return true
}

// arguments parts the words of a command; quotes hold a word together.
func arguments(line string) (words []string) {
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		var word strings.Builder
		for line != "" && line[0] != ' ' && line[0] != '\t' {
			if line[0] != '\'' {
				word.WriteByte(line[0])
				line = line[1:]
				continue
			}
			inside, rest, _ := strings.Cut(line[1:], "'")
			word.WriteString(inside)
			if line = rest; strings.HasPrefix(rest, "'") {
				word.WriteByte('\'')
			}
		}
		words = append(words, word.String())
	}
	return words
}
