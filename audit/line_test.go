package audit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func lineOf(e Event) string {
	var buf bytes.Buffer
	e = e.bounded()
	appendLine(&buf, &e)
	return buf.String()
}

var noon = time.Date(2026, 11, 3, 12, 0, 0, 42_000, time.FixedZone("", 3600))

func TestLineHasAStableForm(t *testing.T) {
	rows := int64(0)
	tests := []struct {
		name  string
		event Event
		want  string
	}{
		{
			"statement refused",
			Event{
				Time: noon, Type: StatementRefused, ID: "pgc-1", Session: "pgc-0", Decision: Deny, Rule: "builtin/open-range",
				Source:  Source{Environment: "staging", Rule: "pods", Address: "10.20.1.7"},
				Target:  Target{Name: "storefront", Environment: "production"},
				Effects: []string{"delete"}, Relations: []string{"categories"}, Breadth: "open_range", SQLSTATE: "42501",
				Rows: &rows, Duration: 1500 * time.Microsecond, SQL: "DELETE FROM categories WHERE id > $1 AND a <> '&'",
			},
			`{"time":"2026-11-03T11:00:00.000042Z","type":"statement_refused","event_id":"pgc-1","session_id":"pgc-0",` +
				`"decision":"deny","rule":"builtin/open-range","source":{"environment":"staging","rule":"pods","address":"10.20.1.7"},` +
				`"target":{"name":"storefront","environment":"production"},"effects":["delete"],"relations":["categories"],` +
				`"breadth":"open_range","sqlstate":"42501","rows":0,"sql":"DELETE FROM categories WHERE id > $1 AND a <> '&'","duration_us":1500}` + "\n",
		},
		{
			"neither source nor target",
			Event{Time: noon, Type: PolicyReload, ID: "pgc-2"},
			`{"time":"2026-11-03T11:00:00.000042Z","type":"policy_reload","event_id":"pgc-2"}` + "\n",
		},
		{
			"invalid UTF-8 and control characters",
			Event{Time: noon, Type: StatementEvent, ID: "pgc-3", SQL: "a\xff\x00\nb"},
			`{"time":"2026-11-03T11:00:00.000042Z","type":"statement","event_id":"pgc-3","sql":"a\ufffd\u0000\nb"}` + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := lineOf(tt.event); got != tt.want {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

func TestLongSQLIsCutBetweenCharactersAndMarked(t *testing.T) {
	for _, unit := range []string{"a", "é", "€", "😀", "\xff", "\xa0"} {
		sql := "x" + strings.Repeat(unit, MaxSQL) // x: so that the limit falls inside a character
		e := Event{SQL: sql}.bounded()
		if !e.SQLTruncated || len(e.SQL) > MaxSQL || len(e.SQL) <= MaxSQL-utf8.UTFMax {
			t.Errorf("%q: kept %d bytes, marked %v", unit, len(e.SQL), e.SQLTruncated)
		}
		if utf8.ValidString(unit) && !utf8.ValidString(e.SQL) {
			t.Errorf("%q: a character was split", unit)
		}
	}
	if e := (Event{SQL: strings.Repeat("a", MaxSQL)}).bounded(); e.SQLTruncated || len(e.SQL) != MaxSQL {
		t.Error("SQL of exactly the limit was cut")
	}
}

func TestManyRelationsAreCutAndCounted(t *testing.T) {
	relations := make([]string, MaxRelations+7)
	e := Event{Relations: relations}.bounded()
	if len(e.Relations) != MaxRelations || e.RelationsOmitted != 7 || len(relations) != MaxRelations+7 {
		t.Errorf("kept %d, omitted %d", len(e.Relations), e.RelationsOmitted)
	}
}

// TestEventReadsBackAsWritten also catches a field that has no key of its own.
func TestEventReadsBackAsWritten(t *testing.T) {
	var want Event
	fill(reflect.ValueOf(&want).Elem())
	want.Time, want.Duration = noon.UTC(), 7*time.Microsecond

	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Event
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// fill sets every field to something else than its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	}
}
