package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func mustFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// drain reads what is in the FIFO until the line that contains last has come.
func drain(t *testing.T, path, last string) []byte {
	t.Helper()
	fifo, err := os.OpenFile(path, os.O_RDWR, 0) // never at its end, whoever writes
	if err != nil {
		t.Fatal(err)
	}
	defer fifo.Close()
	var got bytes.Buffer
	chunk := make([]byte, 64<<10)
	for !strings.HasSuffix(got.String(), "\n") || !strings.Contains(got.String(), last) {
		n, err := fifo.Read(chunk)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(chunk[:n])
	}
	return got.Bytes()
}

// big is larger than what a pipe holds (64 KiB, pipe(7)) after a few events.
func big(id string) Event {
	e := event(id)
	e.SQL = strings.Repeat("x", MaxSQL)
	return e
}

// fillLog records big events until the pipe and the queue are full.
func fillLog(t *testing.T, l *Log) (recorded int) {
	t.Helper()
	for l.Stats().Dropped == 0 {
		l.Record(big(fmt.Sprint(recorded)))
		recorded++
	}
	return recorded
}

func TestSlowSinkDropsAndCountsAndTellsTheGap(t *testing.T) {
	path := mustFIFO(t)
	l := mustOpen(t, Config{File: path, Queue: 4, OnFull: Drop, WriteTimeout: time.Hour})
	recorded := fillLog(t, l)

	waiting := make(chan error)
	go func() {
		l.Record(refusal("denied-1"))
		waiting <- l.RecordDurable(refusal("denied-2"))
	}()
	data := drain(t, path, `"denied-2"`)
	if err := <-waiting; err != nil {
		t.Errorf("the refusal was not written: %v", err)
	}
	mustClose(t, l)

	var events, refusals, lost int
	for _, e := range parseLines(t, data) {
		switch e.Type {
		case GapEvent:
			lost += int(e.Lost)
		case StatementEvent:
			events++
		case StatementRefused:
			refusals++
		}
	}
	if refusals != 2 {
		t.Errorf("%d of 2 refusals arrived", refusals)
	}
	if s := l.Stats(); events+int(s.Dropped) != recorded || lost != int(s.Dropped) {
		t.Errorf("%d recorded, %d arrived, %d told as lost: %+v", recorded, events, lost, s)
	}
}

func TestSlowSinkBlocksAndLosesNothing(t *testing.T) {
	path := mustFIFO(t)
	l := mustOpen(t, Config{File: path, Queue: 4, OnFull: Block, WriteTimeout: time.Hour})
	const events = 40 // ten times what pipe and queue hold
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range events {
			l.Record(big(fmt.Sprint(i)))
		}
		l.Record(event("last"))
	}()
	for s := l.Stats(); s.QueueLen < s.QueueCap; s = l.Stats() {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-done:
		t.Error("nobody waited for the sink")
	default:
	}
	got := parseLines(t, drain(t, path, `"last"`))
	<-done
	mustClose(t, l)
	if len(got) != events+1 {
		t.Errorf("%d of %d events", len(got), events+1)
	}
}

func TestLineThatBrokeOffDoesNotSpoilTheNext(t *testing.T) {
	path := mustFIFO(t)
	l := mustOpen(t, Config{File: path, WriteTimeout: 20 * time.Millisecond})
	for l.Stats().Failed == 0 { // until a line hangs out of the full pipe and is given up
		l.Record(big("big"))
		time.Sleep(time.Millisecond)
	}
	go l.Record(refusal("last"))
	data := drain(t, path, `"last"`)
	mustClose(t, l)

	broken := 0
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("}\n")) {
			broken++
		} else {
			parseLines(t, line)
		}
	}
	if broken == 0 {
		t.Error("no line broke off: the test tests nothing")
	}
}

func TestCloseGivesUpWhenItsTimeIsOver(t *testing.T) {
	l := mustOpen(t, Config{File: mustFIFO(t), Queue: 4, OnFull: Drop, WriteTimeout: time.Hour})
	recorded := fillLog(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-l.stopped // the writer ends although nobody reads
	if s := l.Stats(); int(s.Written+s.Dropped+s.Failed) != recorded {
		t.Errorf("%d recorded: %+v", recorded, s)
	}
}

func TestStandardOutputThatBreaksIsAnError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	terminal := os.Stdout
	os.Stdout = w
	l, err := Open(Config{File: "-", WriteTimeout: 20 * time.Millisecond})
	os.Stdout = terminal
	if err != nil {
		t.Fatal(err)
	}
	if err := l.RecordDurable(refusal("a")); err != nil {
		t.Error(err)
	}
	line := make([]byte, 1024)
	n, err := r.Read(line)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if got := ids(parseLines(t, line[:n])); got != "a" {
		t.Errorf("got %s", got)
	}
	r.Close()
	w.Close()
	if err := l.RecordDurable(refusal("b")); !errors.Is(err, unix.EPIPE) {
		t.Errorf("got %v", err)
	}
	mustClose(t, l)
}
