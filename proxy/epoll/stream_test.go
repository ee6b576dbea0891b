//go:build linux

package epoll

import (
	"testing"
	"time"
)

// readOf is what a read of a stream returned.
type readOf struct {
	got  int
	full bool
}

func TestStreamIsReadAsOftenAsItGivesHalfABuffer(t *testing.T) {
	full := readOf{bufferSize, true}
	tests := []struct {
		name    string
		reads   []readOf
		patient bool
		pause   time.Duration // before the next read
		usual   time.Duration
	}{
		{"half a buffer", []readOf{{bufferSize / 2, false}}, true, mostPause, mostPause},
		{"a full buffer has more behind it", []readOf{full}, true, 0, mostPause / 2},
		{"what was behind it may be little", []readOf{full, {1, false}}, true, mostPause / 2, mostPause / 2},
		{"or nothing", []readOf{full, {0, false}}, true, mostPause / 2, mostPause / 2},
		{"a quick one", []readOf{full, {1, false}, full, {1, false}, full, {1, false}}, true, leastPause, leastPause},
		{"one that slows down", []readOf{full, {1, false}, {streamRead, false}}, true, mostPause, mostPause},
		{"little after a pause", []readOf{{streamRead - 1, false}}, false, 0, 0},
		{"nothing after a pause", []readOf{{0, false}}, false, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, e := &loop{exact: true}, &end{}
			for range streamReads + 1 {
				if e.patient {
					t.Fatal("it is a stream too early")
				}
				l.pace(e, streamRead, false)
			}
			for _, r := range tt.reads {
				l.pace(e, r.got, r.full)
			}
			if e.patient != tt.patient || len(l.streams) > 0 != tt.patient {
				t.Fatalf("patient %v, %d streams", e.patient, len(l.streams))
			}
			if tt.patient && (l.streams[0].pause != tt.pause || l.streams[0].usual != tt.usual) {
				t.Errorf("pause %s, usual %s; want %s, %s", l.streams[0].pause, l.streams[0].usual, tt.pause, tt.usual)
			}
		})
	}
}

func TestNothingIsAStreamWhereWaitsAreNotExact(t *testing.T) {
	l, e := &loop{}, &end{}
	for range 3 * streamReads {
		l.pace(e, bufferSize, true)
	}
	if e.patient {
		t.Error("it would be read a millisecond late")
	}
}
