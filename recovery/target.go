package recovery

import (
	"fmt"
	"strconv"

	"github.com/pgcordon/pgcordon/audit"
)

// Setting is one line of postgresql.conf.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"` // as it stands between quotes
}

// String returns the line.
func (s Setting) String() string { return s.Name + " = '" + s.Value + "'" }

// Target is a place where recovery can stop.
type Target struct {
	Kind     string    `json:"kind"` // transaction, position, restore_point, time or clock
	Settings []Setting `json:"settings"`
	Loses    string    `json:"loses"` // what is missing from a server that was recovered so
}

// targets returns the places in front of the statement, the most exact one first.
func (p *Plan) targets() []Target {
	var all []Target
	r := p.Event.Receipt
	add := func(kind, loses string, settings ...Setting) {
		all = append(all, Target{kind, append(settings, common(r)...), loses})
	}
	before := Setting{"recovery_target_inclusive", "off"}
	if id, ok := targetID(r.TransactionID); ok {
		add("transaction", "this transaction, all of it, and what was committed after it; nothing that was committed before",
			Setting{"recovery_target_xid", id}, before)
	}
	if r.Before != "" {
		add("position", "also what others committed while the statement ran",
			Setting{"recovery_target_lsn", r.Before}, before)
	}
	if r.RestorePoint != "" {
		add("restore_point", "as at the position, which it marks with a name",
			Setting{"recovery_target_name", r.RestorePoint})
	}
	if r.Time != "" {
		add("time", "as at the position, as far as the server's clock did not jump",
			Setting{"recovery_target_time", r.Time}, before)
	}
	if len(all) == 0 {
		add("clock", "as at a time, which is that of pgcordon's clock: the server could not be asked, so compare the two",
			Setting{"recovery_target_time", p.Began()}, before)
	}
	return all
}

// targetID returns a transaction id as recovery compares it: without the epoch, which
// the records of WAL do not have (getRecordTimestamp and recoveryStopsBefore in
// src/backend/access/transam/xlogrecovery.c).
func targetID(full string) (string, bool) {
	id, err := strconv.ParseUint(full, 10, 64)
	return strconv.FormatUint(uint64(uint32(id)), 10), err == nil
}

// common are the settings that no target does without. What is recovered beside a server that
// runs has its configuration, and would write a timeline of its own into its archive. A server that was promoted since
// has begun another timeline, on which the statement may never have happened: latest, the
// default, could be that.
func common(r *audit.Receipt) []Setting {
	s := []Setting{{"archive_mode", "off"}, {"recovery_target_action", "pause"}}
	if r.Timeline > 0 {
		s = append(s, Setting{"recovery_target_timeline", fmt.Sprint(r.Timeline)})
	}
	return s
}
