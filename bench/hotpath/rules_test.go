package hotpath

import (
	"os"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// rules are those of the example for a sidecar, for the application's role.
func rules(t testing.TB) *policy.Ruleset {
	t.Helper()
	text, err := os.ReadFile("../../deploy/examples/sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The keys that the example names are not there.
	before, tls, _ := strings.Cut(string(text), "    client_tls:\n")
	_, after, found := strings.Cut(tls, "\n\n")
	if !found {
		t.Fatal("the example has no client_tls at the end of a target")
	}
	p, err := policy.Parse("sidecar.yaml", []byte(before+"\n"+after))
	if err != nil {
		t.Fatal(err)
	}
	return p.Ruleset(p.Targets[0], policy.Client{
		Source: identity.Match{Environment: "production", Rule: "production-pods"}, User: "storefront_app", Database: "storefront",
	})
}

func BenchmarkDecide(b *testing.B) {
	ruleset := rules(b)
	for _, text := range []struct{ name, sql string }{
		{"update", update},
		{"delete-allowed-by-rule", "DELETE FROM cart_items WHERE id > 0"},
		{"delete-refused", "DELETE FROM categories WHERE id > 0"},
		{"five-statements", strings.Repeat(update, 4) + insert},
	} {
		b.Run(text.name, func(b *testing.B) {
			summary := parser.Summarize(text.sql, parser.Options{})
			for b.Loop() {
				ruleset.Decide(summary, policy.Context{})
			}
		})
	}
}
