package hostile

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// inside is the program's server inside the test: the race detector sees it, and
// its audit log can be given less time than the program's own.
type inside struct {
	*proxy.Server
	addr string
	log  *lockedBuffer
	sink *audit.Log
}

// insideConfig listens where the system likes.
func insideConfig(upstream, more string) string {
	text := configuration(upstream, "", more)
	for old, new := range map[string]string{"$listen": "127.0.0.1:0", `audit: {file: "$audit"}`: "", `metrics: {listen: "$metrics"}`: ""} {
		text = strings.Replace(text, old, new, 1)
	}
	return text
}

// startInside runs a server until the test ends; what it then leaves behind is a
// failure.
func startInside(t *testing.T, r relay.Relay, log audit.Config, config string) *inside {
	t.Helper()
	before := goleak.IgnoreCurrent()
	p, err := policy.Parse("test", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	sink, err := audit.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	in := &inside{log: &lockedBuffer{}, sink: sink}
	lockdowns, err := proxy.OpenLockdowns("")
	if err != nil {
		t.Fatal(err)
	}
	in.Server = proxy.New(proxy.Config{
		Log: slog.New(slog.NewTextHandler(in.log, nil)), Audit: sink, Cache: parser.NewCache(1<<10, 1<<20), Relay: r,
		Metrics: metrics.New(prometheus.NewRegistry(), metrics.BuildInfo{}, parser.EffectNames()), Lockdowns: lockdowns,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		in.Drain(ctx)
		_ = sink.Close(ctx) // fails where the test's sink does
		if strings.Contains(in.log.String(), "defect") {
			t.Errorf("a panic:\n%s", in.log.String())
		}
		goleak.VerifyNone(t, before)
	})
	if err := in.Reload(p); err != nil {
		t.Fatal(err)
	}
	in.addr = in.Addresses()["shop"][0].String()
	return in
}

// lockedBuffer is a log that a test may read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// reads opens a FIFO's other end, from which the test reads as it likes.
func reads(t *testing.T, path string) io.ReadCloser {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
