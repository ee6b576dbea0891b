package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// What one event may hold. A message of a client can be a megabyte long and name
// ten thousand tables; a full queue of such must not exhaust the memory.
const (
	MaxSQL       = 16 << 10 // bytes
	MaxRelations = 128
)

// timeLayout is RFC 3339 with microseconds, always as wide: lines then sort as text.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// bounded returns e with what is too long cut off.
func (e Event) bounded() Event {
	e.SQLTruncated, e.RelationsOmitted, e.Lost = false, 0, 0
	if len(e.SQL) > MaxSQL {
		// A copy, lest the cut string keep the whole message alive in the queue.
		e.SQL = strings.Clone(cutText(e.SQL, MaxSQL))
		e.SQLTruncated = true
	}
	if n := len(e.Relations); n > MaxRelations {
		e.Relations = append([]string(nil), e.Relations[:MaxRelations]...)
		e.RelationsOmitted = n - MaxRelations
	}
	return e
}

// cutText returns at most limit bytes of s without splitting a character. Text
// in another encoding than UTF-8 is cut wherever the limit falls.
func cutText(s string, limit int) string {
	for i := limit; i > limit-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:limit]
}

// fields is an Event without its methods.
type fields Event

// line is an Event as it is written. The outer fields hide those of the same key
// in the embedded struct.
type line struct {
	Time string `json:"time"`
	fields
	Microseconds int64 `json:"duration_us,omitempty"`
}

// appendLine appends e and a newline to buf. Invalid UTF-8 becomes U+FFFD.
func appendLine(buf *bytes.Buffer, e *Event) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false) // people read `<` and `>` in SQL, no browser does
	// Strings, numbers and booleans: there is nothing here that cannot be encoded.
	_ = enc.Encode(line{
		Time:         e.Time.UTC().Format(timeLayout),
		fields:       fields(*e),
		Microseconds: e.Duration.Microseconds(),
	})
}

// MarshalJSON returns the event as it stands in the log.
func (e Event) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	appendLine(&buf, &e)
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// UnmarshalJSON reads an event from a line of the log.
func (e *Event) UnmarshalJSON(data []byte) error {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, l.Time)
	if err != nil {
		return err
	}
	*e = Event(l.fields)
	e.Time, e.Duration = at, time.Duration(l.Microseconds)*time.Microsecond
	return nil
}
