package parser

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// binaryText returns, as its output function writes it, a value that a type's send
// function wrote.
// https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
func binaryText(oid uint32, b []byte) (string, bool) {
	switch {
	case oid == boolType && len(b) == 1:
		return strconv.Itoa(int(min(b[0], 1))), true
	case oid == int2Type && len(b) == 2:
		return strconv.Itoa(int(int16(binary.BigEndian.Uint16(b)))), true
	case oid == int4Type && len(b) == 4:
		return strconv.Itoa(int(int32(binary.BigEndian.Uint32(b)))), true
	case oid == oidType && len(b) == 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10), true
	case oid == int8Type && len(b) == 8:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10), true
	case oid == float4Type && len(b) == 4:
		return floatText(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32), true
	case oid == float8Type && len(b) == 8:
		return floatText(math.Float64frombits(binary.BigEndian.Uint64(b)), 64), true
	case oid == dateType && len(b) == 4:
		return dateText(int32(binary.BigEndian.Uint32(b)))
	case (oid == timestampType || oid == timestamptzType) && len(b) == 8:
		return timestampText(int64(binary.BigEndian.Uint64(b)), oid == timestamptzType)
	case oid == uuidType && len(b) == 16:
		h := hex.EncodeToString(b)
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
	case oid == numericType:
		return numericText(b)
	}
	return "", false
}

func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return infinity(f < 0)
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

func infinity(negative bool) string {
	if negative {
		return "-infinity"
	}
	return "infinity"
}

// epoch is where dates and timestamps begin to count (src/include/datatype/timestamp.h,
// POSTGRES_EPOCH_JDATE); their least and greatest values are the infinities.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func dateText(days int32) (string, bool) {
	if days == math.MinInt32 || days == math.MaxInt32 {
		return infinity(days < 0), true
	}
	d := epoch.AddDate(0, 0, int(days))
	return d.Format(time.DateOnly), d.Year() > 0 // before it years are written otherwise
}

func timestampText(micros int64, zone bool) (string, bool) {
	if micros == math.MinInt64 || micros == math.MaxInt64 {
		return infinity(micros < 0), true
	}
	const day = 24 * 60 * 60 * 1e6
	days := micros / day
	t := epoch.AddDate(0, 0, int(days)).Add(time.Duration(micros-days*day) * time.Microsecond)
	text := t.Format("2006-01-02 15:04:05.999999")
	if zone {
		text += "+00"
	}
	return text, t.Year() > 0
}

// The numerics that are read have at most this many digits to the base of 10000 on
// either side of the point.
const maxNumericDigits = 64

// numericText reads digits to the base of 10000, the first of which counts
// 10000^weight (numeric_send in src/backend/utils/adt/numeric.c).
func numericText(b []byte) (string, bool) {
	const negative = 0x4000
	if len(b) < 8 {
		return "", false
	}
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	sign := binary.BigEndian.Uint16(b[4:])
	digits := b[8:]
	n := len(digits) / 2
	if n != int(binary.BigEndian.Uint16(b)) || n > maxNumericDigits || max(weight, -weight) > maxNumericDigits ||
		sign != 0 && sign != negative {
		return "", false
	}
	var out strings.Builder
	if sign == negative {
		out.WriteByte('-')
	}
	out.WriteByte('0')
	for i := min(0, weight+1); i <= max(weight, n-1); i++ {
		if i == weight+1 {
			out.WriteByte('.')
		}
		digit := uint16(0)
		if i >= 0 && i < n {
			digit = binary.BigEndian.Uint16(digits[2*i:])
		}
		fmt.Fprintf(&out, "%04d", digit)
	}
	return out.String(), true
}
