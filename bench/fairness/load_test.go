package fairness

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// TestMain lets the tests' program be the disturber that a load starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == Command {
		fmt.Fprintln(os.Stderr, Disturb(context.Background(), os.Args[2], os.Args[3], os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// guarded is a guard as a way to a server that has the role and database of the loads.
func guarded(t *testing.T) (*pgtest.Guard, *peer.Peer) {
	t.Helper()
	server := pgtest.Start(t, pgtest.Config{Major: 15})
	server.Exec(t, "postgres", "CREATE ROLE "+peer.User+" LOGIN")
	server.Exec(t, "postgres", "CREATE DATABASE "+peer.Database)
	guard := pgtest.StartGuard(t, `
targets:
  - {name: storefront, environment: production, listen: "$listen", upstream: "`+server.Addr()+`"}
sources:
  - {name: here, environment: production, cidr: 127.0.0.0/8}
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
limits: {drain: 1s}
`)
	_, port, err := net.SplitHostPort(guard.Addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer.Peer{Name: "guard"}
	if p.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return guard, p
}

func TestSessionsAreWatchedBesideEveryDisturber(t *testing.T) {
	guard, way := guarded(t)
	if _, err := (&Load{Disturber: "nobody knows"}).Measure(t.Context(), way, time.Millisecond); err == nil {
		t.Error("a disturber that ended at once was no error")
	}
	for _, name := range []string{Nobody, Stream, Statements, SlowReader} {
		before := misses(t, guard)
		sample, err := (&Load{Disturber: name}).Measure(t.Context(), way, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if sample.Rate <= 0 || sample.P50 <= 0 || sample.P99 < sample.P50 {
			t.Errorf("beside %s: %+v", name, sample)
		}
		if name == Statements && misses(t, guard) == before {
			t.Error("no statement was judged that the cache did not know")
		}
	}
}

var missLine = regexp.MustCompile(`(?m)^pgcordon_cache_lookups_total\{result="miss"\} (\d+)$`)

func misses(t *testing.T, g *pgtest.Guard) int {
	t.Helper()
	response, err := http.Get("http://" + g.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := missLine.FindSubmatch(text)
	if found == nil {
		t.Fatal("the metrics do not tell of misses")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
