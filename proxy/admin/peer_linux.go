package admin

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected (SO_PEERCRED, unix(7)).
func peerOf(c net.Conn) Peer {
	peer := unknownPeer
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return peer
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return peer
	}
	_ = raw.Control(func(fd uintptr) {
		if told, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			peer = Peer{UID: int(told.Uid), PID: int(told.Pid)}
		}
	})
	return peer
}
