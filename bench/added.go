package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// added is how many of the messages took the guard at most so long.
type added struct {
	AtMost float64 `json:"at_most"` // seconds
	Share  float64 `json:"share"`   // 0 to 1
}

// addedTime reads the distribution of the guard's own time from its metrics.
func addedTime(ctx context.Context, p *peer.Peer) ([]added, error) {
	url := "http://" + net.JoinHostPort(peer.Host, strconv.Itoa(p.MetricsPort)) + "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("read the guard's metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the guard's metrics: %w", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the guard's metrics: %w", err)
	}
	const name = "pgcordon_guard_seconds"
	family := families[name]
	if family == nil || len(family.GetMetric()) != 1 {
		return nil, fmt.Errorf("the guard's metrics have no %s", name)
	}
	return shares(family.GetMetric()[0].GetHistogram()), nil
}

func shares(h *dto.Histogram) []added {
	var list []added
	for _, b := range h.GetBucket() {
		if !math.IsInf(b.GetUpperBound(), 1) && h.GetSampleCount() > 0 {
			list = append(list, added{b.GetUpperBound(), float64(b.GetCumulativeCount()) / float64(h.GetSampleCount())})
		}
	}
	return list
}

func (r *report) addedTable() *figures.Table {
	t := &figures.Table{Title: "Time that the guard adds to a message",
		Note: "Of all messages of all loads through pgcordon, as its metrics tell.", Header: []string{"at most", "of messages"}}
	for _, a := range r.Added {
		at := time.Duration(math.Round(a.AtMost * float64(time.Second)))
		t.Rows = append(t.Rows, []string{at.String(), fmt.Sprintf("%.3f %%", 100*a.Share)})
	}
	return t
}
