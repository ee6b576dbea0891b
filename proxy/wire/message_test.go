package wire

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

func TestEveryBuiltMessageHasItsSize(t *testing.T) {
	for name, m := range map[string][]byte{
		"query":   AppendQuery(nil, "SELECT 1"),
		"parse":   AppendParse(nil, []byte("s"), "SELECT 1"),
		"typed":   AppendParse(nil, []byte("s"), "SELECT $1", 23),
		"bind":    AppendBind(nil, "p", "s", Parameter{Value: []byte("value")}, Parameter{Null: true}),
		"execute": AppendExecute(nil, "p"),
		"close":   AppendClose(nil, KindPortal, "p"),
		"shifted": ShiftPosition(nil, AppendFatal(nil, "28000", "message", "", "hint"), 3),
		"call":    AppendFunctionCall(nil, 7),
		"fatal":   AppendFatal(nil, "28000", "message", "", "hint"),
	} {
		if Size(m) != len(m) {
			t.Errorf("%s: size field says %d of %d", name, Size(m), len(m))
		}
	}
}

func TestFieldsAreReadBack(t *testing.T) {
	sql, rest, err := QueryText(AppendQuery(nil, "SELECT 1")[HeaderSize:])
	if err != nil || string(sql) != "SELECT 1" || rest != 0 {
		t.Errorf("query: %q %d %v", sql, rest, err)
	}
	name, text, err := ParseText(AppendParse(nil, []byte("s1"), "SELECT 2")[HeaderSize:])
	if err != nil || string(name) != "s1" || string(text) != "SELECT 2" {
		t.Errorf("parse: %q %q %v", name, text, err)
	}
	portal, statement, err := BindNames(AppendBind(nil, "p1", "s1")[HeaderSize:])
	if err != nil || string(portal) != "p1" || string(statement) != "s1" {
		t.Errorf("bind: %q %q %v", portal, statement, err)
	}
	types, err := ParseTypes(AppendParse(nil, nil, "SELECT $1, $2", 23, 0)[HeaderSize:])
	if err != nil || !slices.Equal(types, []uint32{23, 0}) {
		t.Errorf("types: %d %v", types, err)
	}
	values := []Parameter{{Value: []byte("text")}, {Null: true}, {Binary: true, Value: []byte{0, 1}}, {Value: []byte{}}}
	read, err := BindParameters(AppendBind(nil, "p1", "s1", values...)[HeaderSize:])
	if err != nil || !reflect.DeepEqual(read, values) {
		t.Errorf("values: %+v %v", read, err)
	}
	oid, err := FunctionOID(AppendFunctionCall(nil, 964)[HeaderSize:])
	if err != nil || oid != 964 {
		t.Errorf("function: %d %v", oid, err)
	}
}

func TestTextEndsAtItsFirstNUL(t *testing.T) {
	sql, rest, err := QueryText([]byte("SELECT 1\x00; DROP TABLE t\x00"))
	if err != nil || string(sql) != "SELECT 1" || rest == 0 {
		t.Errorf("%q %d %v", sql, rest, err)
	}
}

func TestShortFieldsAreErrors(t *testing.T) {
	if _, _, err := QueryText([]byte("SELECT 1")); err == nil {
		t.Error("a query without its NUL was accepted")
	}
	if _, _, err := ParseText([]byte("name\x00SELECT")); err == nil {
		t.Error("a parse without its NUL was accepted")
	}
	if _, err := ExecutePortal(nil); err == nil {
		t.Error("an empty execute was accepted")
	}
	if _, _, err := CloseTarget(nil); err == nil {
		t.Error("an empty close was accepted")
	}
	if _, err := FunctionOID([]byte{1, 2, 3}); err == nil {
		t.Error("a short function call was accepted")
	}
	if _, err := TransactionStatus(nil); err == nil {
		t.Error("an empty ready for query was accepted")
	}
	if _, err := AuthenticationKind([]byte{0}); err == nil {
		t.Error("a short authentication was accepted")
	}
}

func TestErrorFieldsSurviveHostileText(t *testing.T) {
	m := AppendFatal(nil, InvalidAuthorization, "a\x00b", "", "h")
	body := m[HeaderSize:]
	for code, want := range map[byte]string{'S': "FATAL", 'V': "FATAL", 'C': "28000", 'M': "ab", 'H': "h", 'D': ""} {
		if got := ErrorField(body, code); string(got) != want {
			t.Errorf("field %c: %q, want %q", code, got, want)
		}
	}
	if ErrorField([]byte("Mno end"), 'M') != nil {
		t.Error("a field without its end was returned")
	}
}

func TestMechanismIsTakenOut(t *testing.T) {
	offer := finish(append([]byte{Authentication, 0, 0, 0, 0, 0, 0, 0, AuthSASL},
		"SCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00"...), 1)
	got, found := WithoutMechanism(nil, offer, "SCRAM-SHA-256-PLUS")
	want := finish(append([]byte{Authentication, 0, 0, 0, 0, 0, 0, 0, AuthSASL}, "SCRAM-SHA-256\x00\x00"...), 1)
	if !found || !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, found := WithoutMechanism(nil, want, "SCRAM-SHA-256-PLUS"); found || len(got) != 0 {
		t.Errorf("took out what was not offered: %q", got)
	}
	if _, found := WithoutMechanism(nil, finish(append([]byte{Authentication, 0, 0, 0, 0, 0, 0, 0, AuthSASL}, "SCRAM-SHA-256-PLUS"...), 1), "X"); found {
		t.Error("read a list without its end")
	}
}

func TestRowsOfCommandTags(t *testing.T) {
	for tag, want := range map[string]int64{"DELETE 3": 3, "INSERT 0 1": 1, "SELECT 0": 0, "COPY 12": 12} {
		if n, ok := RowsOf(append([]byte(tag), 0)); !ok || n != want {
			t.Errorf("%s: %d %v", tag, n, ok)
		}
	}
	for _, tag := range []string{"BEGIN", "CREATE TABLE", ""} {
		if n, ok := RowsOf(append([]byte(tag), 0)); ok {
			t.Errorf("%s: %d rows", tag, n)
		}
	}
}

// FuzzFields feeds the readers of message bodies with anything at all.
func FuzzFields(f *testing.F) {
	f.Add([]byte("name\x00SELECT 1\x00\x00\x00"))
	f.Add([]byte("SERROR\x00C42501\x00Mtext\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if sql, rest, err := QueryText(body); err == nil && len(sql)+rest+1 != len(body) {
			t.Error("query text and rest do not add up")
		}
		_, _, _ = ParseText(body)
		_, _, _ = BindNames(body)
		_, _ = ExecutePortal(body)
		_, _, _ = CloseTarget(body)
		_, _ = FunctionOID(body)
		_, _ = RowsOf(body)
		_, _, _ = SASLInitial(body)
		if v := ErrorField(body, 'M'); bytes.IndexByte(v, 0) >= 0 {
			t.Error("an error field holds a NUL")
		}
		if len(body) >= 4 {
			message := append([]byte{Authentication, 0, 0, 0, 0}, body...)
			if out, ok := WithoutMechanism(nil, message, "A"); ok && Size(out) != len(out) {
				t.Error("a rewritten offer has the wrong size")
			}
		}
	})
}

func TestPositionIsShiftedAndNothingElse(t *testing.T) {
	shifted := ShiftPosition(nil, []byte("E\x00\x00\x00\x12SERROR\x00P8\x00p8\x00\x00"), 10)
	if want := "SERROR\x00P18\x00p8\x00\x00"; string(shifted[HeaderSize:]) != want {
		t.Errorf("%q, want %q", shifted[HeaderSize:], want)
	}
}

func TestValuesOfARow(t *testing.T) {
	values, err := RowValues([]byte("\x00\x03\x00\x00\x00\x02ab\xff\xff\xff\xff\x00\x00\x00\x00"))
	if err != nil || len(values) != 3 || string(values[0]) != "ab" || values[1] != nil || values[2] == nil {
		t.Errorf("%q, %v", values, err)
	}
	for _, short := range []string{"", "\x00", "\x00\x01", "\x00\x01\x00\x00\x00\x02a", "\xff\xff\x00\x00\x00\x00"} {
		if _, err := RowValues([]byte(short)); err == nil {
			t.Errorf("%q was accepted", short)
		}
	}
}
