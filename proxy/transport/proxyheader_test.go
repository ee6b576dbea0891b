package transport_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/pgcordon/pgcordon/proxy/transport"
)

// startup is what a client sends behind the balancer's header: an SSLRequest.
const startup = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

// v2 returns a version 2 header: command, family, addresses, and what follows them.
func v2(command, family byte, rest string) string {
	h := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family)
	return string(binary.BigEndian.AppendUint16(h, uint16(len(rest)))) + rest
}

const (
	ports = "\xc3\x50\x15\x38" // 50000, 5432
	ipv4  = "\x0a\x14\x01\x07" + "\x0a\x00\x00\x01" + ports
	ipv6  = "\xfd\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" + "\xfd\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + ports
	// mapped is 10.20.1.7 as an IPv6 address, which must not slip past a rule on 10.20.0.0/16.
	mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x14\x01\x07" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x01" + ports
	tlv    = "\x04\x00\x02\x00\x00" // PP2_TYPE_NOOP
)

var validHeaders = []struct{ name, header, source string }{
	{"v1 IPv4", "PROXY TCP4 10.20.1.7 10.0.0.1 50000 5432\r\n", "10.20.1.7:50000"},
	{"v1 IPv6", "PROXY TCP6 fd00:20::7 fd00:20::1 50000 5432\r\n", "[fd00:20::7]:50000"},
	{"v1 IPv4 in IPv6", "PROXY TCP6 ::ffff:10.20.1.7 ::ffff:10.0.0.1 50000 5432\r\n", "10.20.1.7:50000"},
	{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", ""},
	{"v1 UNKNOWN with addresses", "PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n", ""},
	{"v2 IPv4", v2(0x21, 0x11, ipv4), "10.20.1.7:50000"},
	{"v2 IPv6", v2(0x21, 0x21, ipv6), "[fd00:20::7]:50000"},
	{"v2 IPv4 in IPv6", v2(0x21, 0x21, mapped), "10.20.1.7:50000"},
	{"v2 with TLVs", v2(0x21, 0x11, ipv4+strings.Repeat(tlv, 5)), "10.20.1.7:50000"},
	{"v2 with as many TLVs as are taken", v2(0x21, 0x11, ipv4+strings.Repeat("\x04\x00\x01\x00", 1021)), "10.20.1.7:50000"},
	{"v2 LOCAL", v2(0x20, 0x00, ""), ""},
	{"v2 LOCAL with addresses", v2(0x20, 0x11, ipv4), ""},
	{"v2 LOCAL with TLVs", v2(0x20, 0x00, tlv), ""},
}

// send returns the reading end of a connection on which the chunks arrive one by
// one, and then the end.
func send(t testing.TB, chunks ...string) net.Conn {
	t.Helper()
	reader, writer := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer writer.Close()
		for _, chunk := range chunks {
			if _, err := writer.Write([]byte(chunk)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { reader.Close(); <-done })
	return reader
}

func readBehind(t *testing.T, conn net.Conn, wantSource string) {
	t.Helper()
	behind, source, err := transport.ReadProxyHeader(conn)
	if err != nil {
		t.Fatal(err)
	}
	want := netip.AddrPort{}
	if wantSource != "" {
		want = netip.MustParseAddrPort(wantSource)
	}
	if source != want {
		t.Errorf("source %v, want %v", source, want)
	}
	if rest, err := io.ReadAll(behind); err != nil || string(rest) != startup {
		t.Errorf("behind the header: %q, %v", rest, err)
	}
}

func TestProxyHeaderNamesTheSourceAndLeavesTheRest(t *testing.T) {
	for _, tt := range validHeaders {
		whole := tt.header + startup
		t.Run(tt.name+" at once", func(t *testing.T) { readBehind(t, send(t, whole), tt.source) })
		t.Run(tt.name+" byte by byte", func(t *testing.T) { readBehind(t, send(t, strings.Split(whole, "")...), tt.source) })
	}
}

func TestMalformedProxyHeaderIsRefused(t *testing.T) {
	tests := []struct{ name, header, want string }{
		{"startup packet", startup, "does not begin with a PROXY header"},
		{"TLS", "\x16\x03\x01\x02\x00", "does not begin with a PROXY header"},
		{"another word", "PROXZ TCP4 ", "does not begin with a PROXY header"},
		{"another word behind the signature", "PROXYX TCP4 10.20.1.7 10.0.0.1 50000 5432\r\n", "parse"},
		{"other v2 signature", "\r\n\r\n\x00\r\nQUIT\r" + startup, "does not begin with a PROXY header"},
		{"v1 without carriage return", "PROXY TCP4 10.20.1.7 10.0.0.1 50000 5432\n", "parse"},
		{"v1 that ends early", "PROXY TCP4\r\n" + startup, "parse"},
		{"v1 with an address missing", "PROXY TCP4 10.20.1.7 50000 5432\r\n", "parse"},
		{"v1 with a leading zero", "PROXY TCP4 010.20.1.7 10.0.0.1 50000 5432\r\n", "parse"},
		{"v1 with IPv6 in TCP4", "PROXY TCP4 fd00::7 fd00::1 50000 5432\r\n", "parse"},
		{"v1 with a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 50000 5432\r\n", "parse"},
		{"v1 with a large port", "PROXY TCP4 10.20.1.7 10.0.0.1 65536 5432\r\n", "parse"},
		{"v1 without an end", "PROXY UNKNOWN" + strings.Repeat(" ", 200), "without an end"},
		{"v2 of another version", v2(0x31, 0x11, ipv4), "parse"},
		{"v2 with another command", v2(0x22, 0x11, ipv4), "parse"},
		{"v2 of unknown family", v2(0x21, 0x41, ipv4), "parse"},
		{"v2 PROXY without a family", v2(0x21, 0x00, ""), "parse"},
		{"v2 UDP", v2(0x21, 0x12, ipv4), "not a TCP address"},
		{"v2 unix socket", v2(0x21, 0x31, strings.Repeat("/", 216)), "not a TCP address"},
		{"v2 shorter than its addresses", v2(0x21, 0x11, ipv4[:8]), "parse"},
		{"v2 too long", v2(0x21, 0x11, ipv4+strings.Repeat("\x04\x00\x00", 3000)), "version 2 header of 9012 bytes"},
	}
	for _, tt := range tests {
		for _, chunks := range [][]string{{tt.header}, strings.Split(tt.header, "")} {
			conn := send(t, chunks...)
			if _, _, err := transport.ReadProxyHeader(conn); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s in %d pieces: %v", tt.name, len(chunks), err)
			}
		}
	}
}

func TestProxyHeaderThatBreaksOffIsNoProbe(t *testing.T) {
	for _, tt := range validHeaders {
		for n := range len(tt.header) {
			_, _, err := transport.ReadProxyHeader(send(t, tt.header[:n]))
			if n == 0 && !errors.Is(err, io.EOF) {
				t.Errorf("closed without a byte: %v", err)
			}
			if n > 0 && (err == nil || errors.Is(err, io.EOF)) {
				t.Errorf("%s after %d bytes: %v", tt.name, n, err)
			}
		}
	}
}

func TestProxyHeaderWaitsNoLongerThanTheDeadline(t *testing.T) {
	for _, sent := range []string{"", "PROXY", "PROXY TCP4 10.20", v2(0x21, 0x11, ipv4)[:20]} {
		reader, writer := net.Pipe()
		go func() { _, _ = writer.Write([]byte(sent)) }()
		_ = reader.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, _, err := transport.ReadProxyHeader(reader); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %q: %v", sent, err)
		}
		reader.Close()
		writer.Close()
	}
}

// FuzzProxyHeader holds what is read to what the library says the header is: not a
// byte more is taken, and the address is the same.
func FuzzProxyHeader(f *testing.F) {
	for _, tt := range validHeaders {
		f.Add([]byte(tt.header + startup))
	}
	f.Add([]byte(startup))
	f.Fuzz(func(t *testing.T, data []byte) {
		stream := &memory{Reader: bytes.NewReader(data)}
		_, source, err := transport.ReadProxyHeader(stream)
		if err != nil {
			return
		}
		taken := data[:len(data)-stream.Len()]
		header, rest := parse(t, taken)
		if rest != 0 {
			t.Fatalf("%d bytes behind the header were taken", rest)
		}
		if source.IsValid() != header.Command.IsProxy() {
			t.Fatalf("command %#x, source %v", header.Command, source)
		}
		if at, ok := header.SourceAddr.(*net.TCPAddr); source.IsValid() && (!ok || !at.IP.Equal(source.Addr().AsSlice())) {
			t.Fatalf("source %v, header %v", source, header.SourceAddr)
		}
	})
}

// parse returns the header at the beginning of data, and how much is behind it.
func parse(t *testing.T, data []byte) (*proxyproto.Header, int) {
	t.Helper()
	r := bufio.NewReaderSize(bytes.NewReader(data), len(data)+1)
	header, err := proxyproto.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return header, r.Buffered()
}

// memory is a connection that was received as a whole.
type memory struct {
	net.Conn
	*bytes.Reader
}

func (m *memory) Read(p []byte) (int, error) { return m.Reader.Read(p) }
