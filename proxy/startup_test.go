package proxy

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// script is a client that sends bytes in chunks and then closes.
type script struct {
	net.Conn
	in    []byte
	chunk func(left int) int
	out   bytes.Buffer
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), s.chunk(len(s.in)))], s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(b []byte) (int, error) { return s.out.Write(b) }

func request(code uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, code)
}

func startupPacket(body string) []byte {
	p := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, wire.Version30)
	p = append(append(p, body...), 0)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

var hello = startupPacket("user\x00app\x00database\x00shop\x00")

func negotiate(in []byte, chunk func(int) int) (*opening, *script, error) {
	s := &script{in: in, chunk: chunk}
	n := negotiator{conn: s}
	o, err := n.open()
	return o, s, err
}

func TestStartupIsReadInAnyChunks(t *testing.T) {
	behind := wire.AppendQuery(nil, "SELECT 1")
	for size := 1; size < len(hello)+len(behind); size++ {
		o, s, err := negotiate(append(bytes.Clone(hello), behind...), func(int) int { return size })
		if err != nil || o.start.User != "app" || o.start.Database != "shop" || !bytes.Equal(o.packet, hello) {
			t.Fatalf("chunks of %d: %+v, %v", size, o, err)
		}
		if got := append(bytes.Clone(o.behind), s.in...); !bytes.Equal(got, behind) {
			t.Fatalf("chunks of %d: %q is left, want %q", size, got, behind)
		}
	}
}

func TestBytesBehindAnEncryptionRequestAreAnAttack(t *testing.T) {
	for name, code := range map[string]uint32{"SSL": wire.SSLRequestCode, "GSS": wire.GSSENCRequestCode} {
		_, s, err := negotiate(append(request(code), hello...), func(left int) int { return left })
		if kindOf(err) != KindInjected || s.out.String() != "N" {
			t.Errorf("%s: %v, answered %q", name, err, s.out.Bytes())
		}
	}
}

// FuzzStartup feeds the startup with anything. What it takes for a startup packet must
// be a part of what the client sent, with what came behind it kept.
func FuzzStartup(f *testing.F) {
	f.Add(hello, uint64(0))
	f.Add(append(request(wire.SSLRequestCode), hello...), uint64(1))
	f.Add(append(request(wire.GSSENCRequestCode), request(wire.SSLRequestCode)...), uint64(2))
	f.Add([]byte{0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2}, uint64(3))
	f.Add([]byte{0x16, 3, 1, 0, 5}, uint64(4))
	f.Add([]byte{0, 0, 0, 8, 0, 2, 0, 0}, uint64(5))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, seed))
		o, s, err := negotiate(bytes.Clone(in), func(left int) int { return 1 + random.IntN(left) })
		if o == nil {
			if err == nil {
				t.Fatal("neither a packet nor an error")
			}
			return
		}
		end := append(append(bytes.Clone(o.packet), o.behind...), s.in...)
		if !bytes.HasSuffix(in, end) {
			t.Errorf("%q ends in %q", in, end)
		}
		if err == nil && !o.cancel && !o.foreign && o.start.User == "" {
			t.Error("a startup without a user was accepted")
		}
	})
}
