package relay

import "encoding/binary"

// recordHeader is type, version, and in its last two bytes the length of a record
// (RFC 8446, section 5.1).
const recordHeader = 5

// records counts the records in a stream of TLS, given piece by piece.
type records struct {
	whole  uint64
	header [recordHeader]byte
	have   int // bytes of header
	left   int // bytes that are to come of the record behind it
}

func (r *records) pass(b []byte) {
	for len(b) > 0 {
		if r.have < recordHeader {
			n := copy(r.header[r.have:], b)
			b, r.have = b[n:], r.have+n
			if r.have < recordHeader {
				return
			}
			r.left = int(binary.BigEndian.Uint16(r.header[3:]))
		}
		n := min(r.left, len(b))
		if b, r.left = b[n:], r.left-n; r.left == 0 {
			r.whole++
			r.have = 0
		}
	}
}
