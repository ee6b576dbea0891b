package hostile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// seed makes a run repeatable: PGCORDON_TEST_SEED takes the one that a failure shows.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("PGCORDON_TEST_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PGCORDON_TEST_SEED=%d", n)
	return n
}

const (
	streams   = 1000 // of each kind
	noisy     = 8    // clients that make noise at a time
	bystander = 4    // sessions that work meanwhile
	// steady is what the guard's memory may grow by over the second half of the
	// noise, judged by the line through its samples.
	steady = 12 << 20
)

// TestNoiseDisturbsNobody sends malformed startups and random streams into sessions
// while others work.
func TestNoiseDisturbsNobody(t *testing.T) {
	server := pgtest.Start(t, pgtest.Config{Major: major, Conf: map[string]string{"log_min_messages": "panic"}})
	server.Exec(t, "postgres", "CREATE ROLE stranger LOGIN; CREATE TABLE ledger (id int PRIMARY KEY)")
	guard := startGuard(t, server, "limits: {cancels_per_second: 100000}")
	stillServes(t, guard, "postgres")
	for name, noise := range map[string]func(*rand.Rand) []byte{"malformed startups": malformedStartup, "random streams": randomStream} {
		t.Run(name, func(t *testing.T) {
			first := seed(t)
			before := usageOf(t, guard)
			stop := watchBystanders(t, guard.Addr)
			memory := sampleWhile(t, guard, func() { shout(t, guard.Addr, first, noise) })
			stop()
			if grown := growth(memory[len(memory)/2:]); grown > steady {
				t.Errorf("memory grows by %d KiB over the second half: %v", int64(grown)>>10, memory)
			}
			before.expectAgain(t, guard)
			stillServes(t, guard, "postgres")
		})
	}
	if out := guard.Output(); strings.Contains(out, "panic") || strings.Contains(out, "defect") {
		t.Errorf("a panic:\n%s", out)
	}
}

// shout makes the noise, each stream from a seed of its own.
func shout(t *testing.T, addr string, first uint64, noise func(*rand.Rand) []byte) {
	var wait sync.WaitGroup
	for worker := range noisy {
		wait.Go(func() {
			for i := worker; i < streams; i += noisy {
				random := rand.New(rand.NewPCG(first, uint64(i)))
				if err := once(addr, noise(random), random); err != nil {
					t.Errorf("stream %d: %v", i, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// once sends a stream and waits for the end, or leaves without a word.
func once(addr string, bytes []byte, random *rand.Rand) error {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	for len(bytes) > 0 {
		n := min(1+random.IntN(1<<random.IntN(14)), len(bytes))
		send(conn, bytes[:n])
		bytes = bytes[n:]
	}
	switch random.IntN(4) {
	case 0: // RST
		return conn.(*net.TCPConn).SetLinger(0)
	case 1: // FIN both ways
		return nil
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_, err = io.Copy(io.Discard, conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("neither answered nor closed")
	}
	return nil // a reset is an end too
}

// watchBystanders keeps sessions busy in both protocols until it is stopped, and
// fails the test at the first answer that is wrong.
func watchBystanders(t *testing.T, addr string) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	for i := range bystander {
		s := login(t, addr, "postgres")
		wait.Go(func() {
			defer s.Close()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				_ = s.SetDeadline(time.Now().Add(patience))
				if err := s.works(n*bystander + i); err != nil {
					t.Errorf("a session beside the noise: %v", err)
					return
				}
			}
		})
	}
	return func() { close(done); wait.Wait() }
}

// works asks for a number in both protocols, and that a refusal is one.
func (s *session) works(n int) error {
	sql := fmt.Sprintf("SELECT %d", n)
	if got := s.run(sql).one(); got != strconv.Itoa(n) {
		return fmt.Errorf("%s answered %s", sql, got)
	}
	if got := extended(sql)(s).one(); got != strconv.Itoa(n) {
		return fmt.Errorf("%s in the extended protocol answered %s", sql, got)
	}
	if n%64 == 0 {
		if r := s.run("TRUNCATE ledger"); !r.refused() {
			return fmt.Errorf("TRUNCATE answered %s", r.one())
		}
	}
	return nil
}

// sampleWhile reads the guard's memory, in bytes, while work runs.
func sampleWhile(t *testing.T, guard *pgtest.Guard, work func()) (samples []int64) {
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return append(samples, resident(t, guard))
		case <-tick.C:
			samples = append(samples, resident(t, guard))
		}
	}
}

// growth is by how much the line of least squares through the samples rises from
// the first to the last.
func growth(samples []int64) float64 {
	n := float64(len(samples))
	if n < 2 {
		return 0
	}
	var sumX, sumY, sumXX, sumXY float64
	for i, y := range samples {
		x := float64(i)
		sumX, sumY = sumX+x, sumY+float64(y)
		sumXX, sumXY = sumXX+x*x, sumXY+x*float64(y)
	}
	slope := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	return slope * (n - 1)
}
