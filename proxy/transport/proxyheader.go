package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// The sizes of a PROXY header (haproxy.org, proxy-protocol.txt, sections 2.1, 2.2).
const (
	shortestHeader = len("PROXY UNKNOWN\r\n")
	longestV1      = 107
	prefixV2       = 16   // signature, version, family, length of the rest
	longestV2      = 4096 // beyond prefixV2: addresses and what a balancer may add
)

// ErrNoProxyHeader is returned where a balancer's connection begins with something else.
var ErrNoProxyHeader = errors.New("the connection does not begin with a PROXY header")

// ReadProxyHeader reads a PROXY header, version 1 or 2, which must be there: whether
// the peer is a balancer that sends one is for the caller to know. It reads not a
// byte more, and waits as long as conn's deadline lets it. It returns the
// connection to go on with and the address that the header names as the source, in
// IPv4 where it is one; an invalid one where the balancer speaks for itself (LOCAL,
// UNKNOWN), as it does to probe.
//
// An error that is io.EOF says that the peer closed without a byte.
func ReadProxyHeader(conn net.Conn) (net.Conn, netip.AddrPort, error) {
	raw, err := readHeader(conn)
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("read PROXY header: %w", err)
	}
	header, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("parse PROXY header: %w", err)
	}
	source, err := sourceOf(header)
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("parse PROXY header: %w", err)
	}
	return conn, source, nil
}

// readHeader returns the bytes of the header. It asks for no more than every header
// still has to come, so that what the client sent behind it stays in the connection.
func readHeader(r io.Reader) ([]byte, error) {
	h := make([]byte, shortestHeader, longestV1)
	for n := 0; n < len(h); {
		k, err := r.Read(h[n:])
		n += k
		switch {
		case k > 0 && !beginsHeader(h[:n]):
			return nil, ErrNoProxyHeader
		case err == io.EOF && n > 0 && n < len(h):
			return nil, io.ErrUnexpectedEOF
		case err != nil && n < len(h):
			return nil, err
		}
	}
	if h[0] == proxyproto.SIGV2[0] {
		return readRestV2(r, h)
	}
	return readRestV1(r, h)
}

// beginsHeader tells whether h may be the beginning of a header.
func beginsHeader(h []byte) bool {
	for _, signature := range [][]byte{proxyproto.SIGV1, proxyproto.SIGV2} {
		if n := min(len(h), len(signature)); bytes.Equal(h[:n], signature[:n]) {
			return true
		}
	}
	return false
}

// readRestV1 reads up to the end of the line, whose length nothing tells beforehand.
func readRestV1(r io.Reader, h []byte) ([]byte, error) {
	for !bytes.ContainsRune(h, '\n') {
		if len(h) == longestV1 {
			return nil, errors.New("version 1 header without an end")
		}
		h = h[:len(h)+1]
		if _, err := io.ReadFull(r, h[len(h)-1:]); err != nil {
			return nil, unexpected(err)
		}
	}
	return h, nil
}

func readRestV2(r io.Reader, h []byte) ([]byte, error) {
	h = append(h, make([]byte, prefixV2-len(h))...)
	if _, err := io.ReadFull(r, h[shortestHeader:]); err != nil {
		return nil, unexpected(err)
	}
	length := int(binary.BigEndian.Uint16(h[prefixV2-2:]))
	if length > longestV2 {
		return nil, fmt.Errorf("version 2 header of %d bytes", length)
	}
	h = append(h, make([]byte, length)...)
	if _, err := io.ReadFull(r, h[prefixV2:]); err != nil {
		return nil, unexpected(err)
	}
	return h, nil
}

// unexpected turns the end of the connection in the middle of a header into an
// error that no caller takes for a peer which sent nothing.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func sourceOf(header *proxyproto.Header) (netip.AddrPort, error) {
	if header.Command.IsLocal() {
		return netip.AddrPort{}, nil
	}
	source, ok := header.SourceAddr.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("the source is %v, not a TCP address", header.SourceAddr)
	}
	at := source.AddrPort()
	if !at.IsValid() {
		return netip.AddrPort{}, errors.New("the source has no address")
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}
