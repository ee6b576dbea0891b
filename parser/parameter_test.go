package parser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// parametric is a text with what it reaches for some values of its parameters. In the
// files samples are parted by empty lines: the text, then a line for each set of
// values, with "=>" and the breadths of its acts.
type parametric struct {
	sql   string
	cases [][2]string
}

func readParametric(t testing.TB) []parametric {
	t.Helper()
	files, err := filepath.Glob("testdata/parameters/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var all []parametric
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
			lines := strings.Split(block, "\n")
			if strings.HasPrefix(lines[0], "#") {
				continue
			}
			s := parametric{sql: lines[0]}
			for _, line := range lines[1:] {
				values, want, _ := strings.Cut(line, "=> ")
				s.cases = append(s.cases, [2]string{strings.TrimSuffix(values, " "), want})
			}
			all = append(all, s)
		}
	}
	return all
}

// valuesOf reads values as the files write them, in one format: a type and the text
// form, the text form alone, NULL; nil where they are not known.
func valuesOf(t testing.TB, line string, binary bool) []Value {
	t.Helper()
	values := []Value{}
	for word := range strings.SplitSeq(line, " | ") {
		name, text, typed := strings.Cut(word, " ")
		known, isType := pgtype.NewMap().TypeForName(strings.Replace(name, "int4[]", "_int4", 1))
		if name == "text[]" {
			known, isType = pgtype.NewMap().TypeForName("_text")
		}
		switch {
		case word == "?":
			return nil
		case word == "NULL":
			values = append(values, Value{Null: true})
		case !typed || !isType:
			values = append(values, Value{Bytes: []byte(word), Encoding: "UTF8"})
		default:
			v := Value{Type: known.OID, Bytes: []byte(text), Encoding: "UTF8", Binary: binary}
			if binary {
				v.Bytes = toBinary(t, known, text)
			}
			values = append(values, v)
		}
	}
	return values
}

func toBinary(t testing.TB, known *pgtype.Type, text string) []byte {
	t.Helper()
	m := pgtype.NewMap()
	value, err := known.Codec.DecodeValue(m, known.OID, pgtype.TextFormatCode, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Encode(known.OID, pgtype.BinaryFormatCode, value, []byte{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func breadths(s *Summary) string {
	var all []string
	for _, st := range s.Statements {
		for _, a := range st.Acts {
			if a.Breadth != NotApplicable {
				all = append(all, a.Breadth.String()+describeValues(a))
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestValuesOfParametersDecide(t *testing.T) {
	for _, sample := range readParametric(t) {
		for _, c := range sample.cases {
			for _, binary := range []bool{false, true} {
				s := Summarize(sample.sql, Options{})
				if values := valuesOf(t, c[0], binary); values != nil && s.Parametric {
					s = s.With(values)
				}
				if got := breadths(s); got != c[1] {
					t.Errorf("%s\nwith %s, binary %v: %s, want %s", sample.sql, c[0], binary, got, c[1])
				}
			}
		}
	}
}

// Without the values, nothing is judged narrower than with any that the files have. The
// one exception is a column that equals a boolean: active = $1 is an equality, and what
// type $1 has is not in the text.
func TestUnknownValuesAreTheWorst(t *testing.T) {
	samples := readParametric(t)
	lines := map[string]bool{}
	for _, sample := range samples {
		for _, c := range sample.cases {
			lines[c[0]] = true
		}
	}
	for _, sample := range samples {
		s := Summarize(sample.sql, Options{})
		for line := range lines {
			values := valuesOf(t, line, false)
			if values == nil {
				continue
			}
			with := summarize(sample.sql, premise{values: append(values, values...)})
			for i, a := range s.Statements[0].Acts {
				if b := with.Statements[0].Acts[i].Breadth; b < a.Breadth && !(b == UnknownBreadth && strings.Contains(line, "bool ")) {
					t.Errorf("%s: %s, with %s %s", sample.sql, a.Breadth, line, b)
				}
			}
		}
	}
}

func TestWhatNobodyCanReadDecidesNothing(t *testing.T) {
	long := strings.Repeat("x", maxConstant+1)
	for name, v := range map[string]Value{
		"binary of a type that nobody said": {Binary: true, Bytes: []byte("abc")},
		"binary that is too short":          {Binary: true, Type: int4Type, Bytes: []byte{1}},
		"numeric that lies about its size":  {Binary: true, Type: numericType, Bytes: []byte{0, 9, 0, 0, 0, 0, 0, 0}},
		"number that is none":               {Type: int4Type, Bytes: []byte("x")},
		"boolean that is none":              {Type: boolType, Bytes: []byte("x")},
		"another type":                      {Type: 4711, Bytes: []byte("x")},
		"characters of no known encoding":   {Type: textType, Bytes: []byte("\xff"), Encoding: "MULE_INTERNAL"},
		"more than is looked at":            {Type: textType, Bytes: []byte(long)},
	} {
		if c := v.constant(); c != nil {
			t.Errorf("%s is %v", name, c)
		}
		s := Summarize("DELETE FROM t WHERE $1 = 7 OR id = 1", Options{}).With([]Value{v})
		if got := breadths(s); got != "tautology" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A value whose type is not known may equal another one that is written differently.
func TestUntypedStringsAreNotToldApart(t *testing.T) {
	sql := "DELETE FROM t WHERE $1 = '24:00' OR id = 1"
	for value, want := range map[string]string{"1 day": "tautology", "24:00": "tautology"} {
		if got := breadths(Summarize(sql, Options{}).With([]Value{{Bytes: []byte(value)}})); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestRowOfNullsMayBeNull(t *testing.T) {
	for _, v := range []Value{{Bytes: []byte("(,)")}, {Binary: true, Type: 99999, Bytes: []byte{0, 0, 0, 2}}} {
		s := Summarize("DELETE FROM t WHERE $1 IS NULL OR r = $1", Options{}).With([]Value{v})
		if got := breadths(s); got != "tautology" {
			t.Errorf("%v: %s", v, got)
		}
	}
}

func TestParametersOfABodyAreNotTheStatements(t *testing.T) {
	sql := "CREATE FUNCTION f(int) RETURNS void BEGIN ATOMIC DELETE FROM t WHERE $1 = 1; END"
	if s := Summarize(sql, Options{}); s.Parametric {
		t.Error("the statement has parameters")
	}
}

func TestNameOfASettingMayBeAParameter(t *testing.T) {
	s := Summarize("SELECT set_config($1, $2, false)", Options{})
	if !s.Parametric || describe(s) != "function @set_config !inward, settings !hides_catalog,read_write, role" {
		t.Fatalf("%v %s", s.Parametric, describe(s))
	}
	for name, want := range map[string]string{
		"work_mem": "function @set_config !inward, settings @work_mem", "Role": "function @set_config !inward, settings @role, role",
		"TRANSACTION_read_only": "function @set_config !inward, settings @transaction_read_only !read_write",
	} {
		with := s.With([]Value{{Type: textType, Bytes: []byte(name)}, {Null: true}})
		if describe(with) != want {
			t.Errorf("%s: %s", name, describe(with))
		}
	}
}

func TestElementsOfArraysAreCounted(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "0 true", "{1}": "1 true", "{1,2}": "2 true", `{"a,b",c}`: "2 true", `{"\"",'{'}`: "2 false", `{a\,b}`: "1 true",
		"{{1,2},{3,4}}": "4 true", "[0:1]={1,2}": "2 true", "{NULL,\"\"}": "2 true", "abc": "0 false", "12": "0 false", "{1": "0 false",
	} {
		n, known := Value{Bytes: []byte(text)}.elements()
		if got := fmt.Sprint(n, known); got != want && known {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for name, b := range map[string][]byte{
		"short": {0, 0, 0, 1}, "seven dimensions": make([]byte, 12+7*8), "a lie": {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 255, 255, 255, 255, 0, 0, 0, 1},
	} {
		if b[3] == 0 {
			b[3] = 7
		}
		if n, known := (Value{Binary: true, Bytes: b}).elements(); known {
			t.Errorf("%s: %d", name, n)
		}
	}
}

func FuzzValues(f *testing.F) {
	for _, sample := range readParametric(f) {
		f.Add(sample.sql, []byte("{1,2}"), uint32(0), false)
		f.Add(sample.sql, []byte{0, 0, 0, 1, 0, 0, 0, 0}, uint32(numericType), true)
	}
	f.Fuzz(func(t *testing.T, sql string, b []byte, oid uint32, binary bool) {
		s := Summarize(sql, Options{})
		if !s.Parametric {
			return
		}
		v := Value{Bytes: b, Type: oid, Binary: binary, Encoding: "UTF8"}
		with := s.With([]Value{v, v, v})
		if len(with.Statements) != len(s.Statements) {
			t.Errorf("%q has other statements with %q", sql, b)
		}
	})
}
