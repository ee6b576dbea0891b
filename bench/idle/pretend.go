package idle

import (
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Pretend listens on an address and is a PostgreSQL that lets everybody in and
// has nothing to say. It returns when in ends.
func Pretend(address string, in io.Reader) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("pretend to be a server: %w", err)
	}
	go acceptAll(l)
	_, err = io.Copy(io.Discard, in)
	return err
}

func acceptAll(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go pretend(conn)
	}
}

// pretend serves one session. What goes wrong in it ends it, and the client, which
// counts its sessions, says so.
func pretend(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	startup, err := b.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if _, ok := startup.(*pgproto3.StartupMessage); !ok {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	for name, value := range reported {
		b.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		message, err := b.Receive()
		if err != nil {
			return
		}
		switch message.(type) {
		case *pgproto3.Terminate:
			return
		case *pgproto3.Query:
			b.Send(&pgproto3.EmptyQueryResponse{})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}
	}
}

// reported is what poolers and drivers expect to hear.
var reported = map[string]string{
	"server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8", "DateStyle": "ISO, MDY",
	"TimeZone": "UTC", "standard_conforming_strings": "on", "integer_datetimes": "on", "application_name": "",
}
