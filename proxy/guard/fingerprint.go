package guard

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Fingerprint tells apart what is let through from what is not: it is of the tokens of a
// query string with their literals, of the types that Parse gives its parameters, and of
// their values.
type Fingerprint [sha256.Size]byte

// with returns the fingerprint of what this is of and of what write adds.
func (f Fingerprint) with(write func(hash.Hash)) Fingerprint {
	sum := sha256.New()
	sum.Write(f[:])
	write(sum)
	return Fingerprint(sum.Sum(nil))
}

// typing adds the types that Parse gives to parameters.
func typing(types []uint32) func(hash.Hash) {
	return func(sum hash.Hash) {
		for _, t := range types {
			writeNumber(sum, int(t))
		}
	}
}

// maxShown is how much of a value is shown to operators, in bytes; maxValues how many.
const (
	maxShown  = 64
	maxValues = 32
)

// valued returns a judgement with the values in a Bind message, which is whole unless it is
// too long to be looked at.
func (g *Guard) valued(j *judged, in []byte, size int) *judged {
	switch {
	case !j.appealable():
		return j
	case size > g.cfg.InspectBytes:
		return j.appealing(&Appeal{Barred: notWhole})
	}
	return j.appealing(j.verdict.appeal.valued(in[wire.HeaderSize:size], g.encoding()))
}

// valued returns the appeal with the values in the body of a Bind message.
func (a *Appeal) valued(body []byte, encoding string) *Appeal {
	values, err := wire.BindParameters(body)
	switch {
	case err != nil:
		return &Appeal{Barred: notWhole}
	case len(values) == 0:
		return &Appeal{Fingerprint: a.Fingerprint}
	case encoding == "":
		return &Appeal{Barred: unclearText}
	}
	b := &Appeal{Fingerprint: a.Fingerprint.with(func(sum hash.Hash) {
		sum.Write([]byte(encoding + "\x00"))
		for _, v := range values {
			writeValue(sum, v)
		}
	})}
	for _, v := range values[:min(len(values), maxValues)] {
		b.Values = append(b.Values, shown(v))
	}
	return b
}

// writeValue writes a value so that no two lists of values are written alike.
func writeValue(sum hash.Hash, v wire.Parameter) {
	kind := 0
	if v.Null {
		kind |= 1
	}
	if v.Binary {
		kind |= 2
	}
	writeNumber(sum, kind)
	writeNumber(sum, len(v.Value))
	sum.Write(v.Value)
}

func writeNumber(sum hash.Hash, n int) { sum.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// shown returns a value for people to look at.
func shown(v wire.Parameter) string {
	value, rest := v.Value, ""
	if len(value) > maxShown {
		value, rest = value[:maxShown], "..."
	}
	switch {
	case v.Null:
		return "NULL"
	case v.Binary:
		return `\x` + hex.EncodeToString(value) + rest
	}
	return strconv.Quote(string(value)) + rest
}
