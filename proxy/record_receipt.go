package proxy

import (
	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// putStatement records a statement that ran. One with a receipt is on disk before its
// client, whose commit is held, goes on.
func (s *session) putStatement(entry audit.Event, e *guard.Event, wait bool) bool {
	if e.Receipt == nil || e.SQLSTATE != wire.SuccessfulCompletion {
		return s.put(entry, wait)
	}
	if !wait {
		return false
	}
	entry.Receipt = receiptOf(e.Receipt)
	if e.ID != "" {
		entry.ID = e.ID
	}
	if err := s.server.audit.RecordDurable(entry); err != nil {
		s.log().Error("a receipt could not be written to the audit log", "event_id", entry.ID, "rule", entry.Rule, "error", err)
	}
	return true
}

func receiptOf(r *guard.Receipt) *audit.Receipt {
	out := &audit.Receipt{
		Before: r.Position, Timeline: r.Timeline, Time: r.Time, TransactionID: r.TransactionID,
		RestorePoint: r.RestorePoint, Missing: r.Missing,
	}
	for _, c := range r.Copies {
		out.Copies = append(out.Copies, audit.Copy(c))
	}
	return out
}

// outcomes are the audit log's words, by guard.Outcome.
var outcomes = [...]string{
	guard.Unknown: audit.Unknown, guard.Committed: audit.Committed, guard.RolledBack: audit.RolledBack, guard.Prepared: audit.Prepared,
}

func (s *session) transactionEnded(e *guard.Ending) audit.Event {
	entry := s.event(audit.TransactionEvent)
	entry.Transaction = &audit.Transaction{
		Receipts: e.Receipts, Outcome: outcomes[e.Outcome], PartlyUndone: e.PartlyUndone, After: e.After,
	}
	return entry
}
