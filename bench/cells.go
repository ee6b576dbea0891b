package main

import (
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/pgcordon/pgcordon/bench/load"
	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/test/cluster"
)

// cell is a load and the peers that it is put on.
type cell struct {
	group, name, unit string
	peers             []string
	load              load.Load
	slices            int // how many of the rounds' slices a run takes; 0 is 1
}

// length is how many slices a run takes. Of the round that warms up it is one.
func (c *cell) length(round int) int {
	if round == 0 {
		return 1
	}
	return max(1, c.slices)
}

// The groups of loads; each has a table of its own.
const (
	queries = "queries"
	bulk    = "bulk"
	logins  = "logins"
	inTLS   = "tls"
)

// The peers, by what a group can be measured on. Direct comes first in all.
var (
	everyone = []string{"direct", "pgbouncer", "haproxy", "pgpool", "pgcordon", "pgcordon-unix", "pgcordon-empty", "bare"}
	unpooled = []string{"direct", "pgbouncer", "haproxy", "pgcordon", "pgcordon-unix", "pgcordon-empty"}
	leanest  = []string{"direct", "pgbouncer", "haproxy", "pgcordon", "pgcordon-unix"}
	andBare  = append(leanest[:len(leanest):len(leanest)], "bare")
	ruled    = []string{"direct", "pgbouncer", "haproxy", "pgpool", "pgcordon", "pgcordon-unix"}
	// HAProxy cannot answer PostgreSQL's SSLRequest.
	speakTLS = []string{"direct", "pgbouncer", "pgpool", "pgcordon", "pgcordon-unix"}
)

// script is a load of pgbench.
type script struct{ name, argument string }

var (
	selectOne  = script{"select1", "--file=" + beside("load/scripts/select-1.sql")}
	selectOnly = script{"-S", "--builtin=select-only"}
	tpcB       = script{"tpcb", "--builtin=tpcb-like"}
)

func beside(path string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), path)
}

var protocols = []string{"simple", "extended", "prepared"}

// cells are what a whole comparison measures, or a quick one.
func (a *arena) cells(quick bool) []cell {
	if quick {
		return a.quickCells()
	}
	var list []cell
	for _, s := range []script{selectOne, selectOnly, tpcB} {
		for _, protocol := range protocols {
			if s == selectOne || protocol == "simple" {
				list = append(list, a.pgbench(s, protocol, 1))
			}
			list = append(list, a.pgbench(s, protocol, 8), a.pgbench(s, protocol, 64))
		}
	}
	list = append(list, a.bulkCells()...)
	list = append(list, a.logins("trust", a.client()), a.logins("SCRAM", a.scramClient()))
	return append(list, a.tlsCells(protocols)...)
}

func (a *arena) quickCells() []cell {
	var list []cell
	for _, protocol := range protocols {
		list = append(list, a.pgbench(selectOne, protocol, 8))
	}
	list = append(list, a.pgbench(selectOne, "simple", 64), a.pgbench(selectOnly, "simple", 8), a.pgbench(tpcB, "prepared", 8))
	list = append(list, a.bulkCells()...)
	list = append(list, a.logins("trust", a.client()), a.logins("SCRAM", a.scramClient()))
	return append(list, a.tlsCells([]string{"simple"})...)
}

func (a *arena) pgbench(s script, protocol string, clients int) cell {
	peers, slices := weight(s, clients)
	return cell{queries, fmt.Sprintf("%-7s %-8s %2d", s.name, protocol, clients), "query", peers,
		a.transactions(a.client(), s, protocol, clients), slices}
}

// weight divides the time that there is. Many clients take turns in whole time slices of
// the scheduler, so that a second is the least that tells anything; a single one is there
// to be seen and not to be held against others. Pgpool-II and a guard without rules are
// measured where it is steadiest.
func weight(s script, clients int) (peers []string, slices int) {
	switch {
	case clients > 8 && s == selectOne:
		return andBare, 4
	case clients > 8:
		return leanest, 4
	case clients < 8:
		return leanest, 1
	case s == selectOne:
		return everyone, 2
	}
	return unpooled, 2
}

func (a *arena) transactions(c load.Client, s script, protocol string, clients int) load.Load {
	return &load.Pgbench{Client: c, Script: s.argument, Protocol: protocol, Clients: clients, Pace: load.Pace{}}
}

func (a *arena) bulkCells() []cell {
	emptySink := func() error { return a.server.Exec(peer.Database, load.EmptySink) }
	return []cell{
		{bulk, "COPY out", "MB", ruled, &load.Bulk{Client: a.client(), Transfer: load.CopyOut, Pace: load.Pace{}}, 1},
		{bulk, "COPY in", "MB", ruled, &load.Bulk{Client: a.client(), Transfer: load.CopyIn, After: emptySink, Pace: load.Pace{}}, 1},
		{bulk, "8 kB rows", "MB", ruled, &load.Bulk{Client: a.client(), Transfer: load.WideRows, Pace: load.Pace{}}, 1},
	}
}

func (a *arena) logins(name string, c load.Client) cell {
	const clients = 8
	return cell{logins, name, "login", ruled, &load.Connections{Client: c, Script: selectOne.argument, Clients: clients, Pace: load.Pace{}}, 2}
}

func (a *arena) tlsCells(protocols []string) []cell {
	c := a.client()
	c.TLS = true
	var list []cell
	for _, protocol := range protocols {
		list = append(list, cell{inTLS, fmt.Sprintf("%-7s %-8s %2d", selectOne.name, protocol, 8), "query", speakTLS,
			a.transactions(c, selectOne, protocol, 8), 2})
	}
	return append(list,
		cell{inTLS, "COPY out", "MB", speakTLS, &load.Bulk{Client: c, Transfer: load.CopyOut, Pace: load.Pace{}}, 1},
		cell{inTLS, "8 kB rows", "MB", speakTLS, &load.Bulk{Client: c, Transfer: load.WideRows, Pace: load.Pace{}}, 1})
}

func (a *arena) scramClient() load.Client {
	c := a.client()
	c.User, c.Password = scramUser, cluster.Password
	return c
}
