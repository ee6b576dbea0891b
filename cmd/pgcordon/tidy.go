package main

import (
	"runtime/debug"
	"time"
)

// A login leaves behind many times what a session keeps, and Go keeps room for as much
// again. Beside a database memory is dear, so when a burst of logins is over it goes
// back to the system. A session that is relayed makes no garbage worth collecting.
const (
	tidyPause = time.Second // without a login: the burst is over
	tidyBurst = 500         // logins
)

// tidy gives memory back, for as long as the program runs.
func (g *process) tidy() {
	var last, tidied int64
	for range time.Tick(tidyPause) {
		logins := g.server.Logins()
		if logins == last && logins-tidied >= tidyBurst {
			debug.FreeOSMemory()
			tidied = logins
		}
		last = logins
	}
}
