package parser

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// intervalUnits are the units of intervals, in seconds, with the longest of months and
// years (documentation, 8.5.4). The forms that differ by an s are one.
var intervalUnits = map[string]float64{
	"microsecond": 1e-6, "millisecond": 1e-3, "second": 1, "sec": 1, "minute": 60, "min": 60,
	"hour": 3600, "hr": 3600, "h": 3600, "day": day, "d": day, "week": 7 * day, "w": 7 * day,
	"month": 31 * day, "mon": 31 * day, "year": 366 * day, "yr": 366 * day, "y": 366 * day,
	"decade": 3660 * day, "century": 36600 * day, "centurie": 36600 * day,
}

// asInterval reads a string as an interval: numbers with units, or one number with the
// unit given. It becomes opaque where the string is anything else.
func (q quantity) asInterval(unit string) quantity {
	if q.kind != textQuantity {
		if q.kind == intervalQuantity || q.kind == parameterQuantity {
			return q
		}
		return quantity{}
	}
	fields := strings.Fields(strings.ToLower(q.text))
	if len(fields) == 1 && unit != "" {
		fields = append(fields, unit)
	}
	if len(fields) == 1 { // 7days
		if i := strings.IndexFunc(fields[0], func(r rune) bool { return r >= 'a' && r <= 'z' }); i > 0 {
			fields = []string{fields[0][:i], fields[0][i:]}
		}
	}
	if len(fields) == 0 || len(fields)%2 != 0 {
		return quantity{}
	}
	sum := 0.0
	for i := 0; i < len(fields); i += 2 {
		n, err := strconv.ParseFloat(fields[i], 64)
		seconds, ok := intervalUnits[strings.TrimSuffix(fields[i+1], "s")]
		if err != nil || !ok {
			return quantity{}
		}
		sum += n * seconds
	}
	return quantity{kind: intervalQuantity, low: sum, high: sum}
}

// intervalField returns the unit of INTERVAL '7' DAY; empty where there is none. The number
// is a bit for each field (datetime.h, INTERVAL_MASK).
func intervalField(t *pg_query.TypeName) string {
	if len(t.GetTypmods()) == 0 {
		return ""
	}
	switch t.Typmods[0].GetAConst().GetIval().GetIval() {
	case 1 << 1:
		return "month"
	case 1 << 2:
		return "year"
	case 1 << 3:
		return "day"
	case 1 << 10:
		return "hour"
	case 1 << 11:
		return "minute"
	case 1 << 12:
		return "second"
	}
	return ""
}
