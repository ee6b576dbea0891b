package rehearsal

import (
	"encoding/binary"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// startupOf reads the startup packet of a test's client as the proxy reads one.
func startupOf(t *policy.Test) (wire.Startup, error) {
	parameters := [][2]string{
		{"user", t.User}, {"database", t.Database}, {"application_name", t.Application}, {"options", t.Options},
	}
	if t.Replication {
		parameters = append(parameters, [2]string{"replication", "database"})
	}
	packet := binary.BigEndian.AppendUint32(make([]byte, 4), wire.Version30)
	for _, p := range parameters {
		if p[1] != "" {
			packet = append(append(packet, p[0]...), 0)
			packet = append(append(packet, p[1]...), 0)
		}
	}
	packet = append(packet, 0)
	binary.BigEndian.PutUint32(packet, uint32(len(packet)))
	return wire.ParseStartup(packet)
}
