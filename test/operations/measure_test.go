package operations

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// measures are the values of every series that the guard serves, histograms by the
// number of their observations. A series is named as in Prometheus' format.
func (s stage) measures(t testing.TB) map[string]float64 {
	t.Helper()
	response, err := http.Get("http://" + s.guard.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() { // in alphabetical order
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			series := name
			if labels != nil {
				series += "{" + strings.Join(labels, ",") + "}"
			}
			values[series] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

// counted waits until a series has a value.
func (s stage) counted(t testing.TB, series string, want float64) {
	t.Helper()
	await(t, fmt.Sprintf("%s is %v", series, want), func() bool { return s.measures(t)[series] == want })
}
