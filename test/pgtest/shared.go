package pgtest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/pgcordon/pgcordon/test/cluster"
)

// shared holds one server a major, started when first asked for.
var shared struct {
	sync.Mutex
	running bool // Run is there to stop them
	servers map[int]*Server
}

// Shared returns this process's server of a major: trust, no TLS. Tests that use
// it keep to databases and roles of their own.
func Shared(t testing.TB, major int) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		t.Fatal("pgtest.Shared needs a TestMain that calls pgtest.Run")
	}
	if s := shared.servers[major]; s != nil {
		return s
	}
	c, err := cluster.Start(cluster.Config{Major: major})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Cluster: c}
	shared.servers[major] = s
	return s
}

// Run runs a package's tests and stops the shared servers afterwards. It returns
// the exit status for os.Exit.
func Run(m *testing.M) int {
	shared.Lock()
	shared.running, shared.servers = true, map[int]*Server{}
	shared.Unlock()
	status := m.Run()
	shared.Lock()
	defer shared.Unlock()
	shared.running = false
	for major, s := range shared.servers {
		if err := s.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop PostgreSQL %d: %v\n", major, err)
			status = 1
		}
	}
	return status
}
