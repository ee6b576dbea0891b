package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrNotFound is returned for an event that is not in a log.
var ErrNotFound = errors.New("there is no such event")

// FindReceipt looks a log through for the event of a statement, and for the end of its
// transaction, which is nil where the log does not tell it. A line that is broken, as the
// last one may be, is passed over.
func FindReceipt(log io.Reader, id string) (statement Event, end *Transaction, err error) {
	lines := bufio.NewReader(log)
	for {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return Event{}, nil, fmt.Errorf("read the audit log: %w", readErr)
		}
		var e Event
		if bytes.Contains(line, []byte(id)) && json.Unmarshal(line, &e) == nil {
			switch {
			case e.ID == id:
				statement = e
			case e.Transaction != nil && slices.Contains(e.Transaction.Receipts, id):
				end = e.Transaction
			}
		}
		if readErr != nil {
			break
		}
	}
	if statement.ID == "" {
		return Event{}, nil, ErrNotFound
	}
	return statement, end, nil
}
