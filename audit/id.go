package audit

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// idAlphabet is Crockford's base 32 in lower case: in the order of ASCII, so that
// identifiers sort as their numbers do, and without i, l, o and u, so that they
// can be read out over the phone.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// lastID is the time of the newest identifier of this process, in microseconds
// since 1970.
var lastID atomic.Int64

// NewID returns an identifier like pgc-01jc9w-h4n3k-... of 24 characters: "pgc" and
// three groups of six. The first eleven characters are the time in microseconds,
// the other seven are random. Within a process identifiers are distinct and
// grow; between processes two are alike with a chance of 2^-35 in the same
// microsecond.
func NewID() string {
	const timeDigits, digits, group = 11, 18, 6
	var raw [digits]byte
	putBase32(raw[:timeDigits], uint64(nextMicrosecond()))
	putBase32(raw[timeDigits:], rand.Uint64())

	id := append(make([]byte, 0, 24), "pgc"...)
	for i := 0; i < digits; i += group {
		id = append(id, '-')
		id = append(id, raw[i:i+group]...)
	}
	return string(id)
}

// nextMicrosecond returns the present time, or one later than that of the last
// identifier where the clock stood still or went back.
func nextMicrosecond() int64 {
	for {
		last := lastID.Load()
		next := max(time.Now().UnixMicro(), last+1)
		if lastID.CompareAndSwap(last, next) {
			return next
		}
	}
}

// putBase32 fills dst with the low digits of v, most significant first.
func putBase32(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = idAlphabet[v&31]
		v >>= 5
	}
}
