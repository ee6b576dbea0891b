package peer

import (
	"path/filepath"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

func TestConfigurationsAreValid(t *testing.T) {
	site, err := NewSite()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	site.Server = Server{Host: Host, Port: 5432, Socket: "/run/postgresql/.s.PGSQL.5432"}
	site.Sessions = 10
	for name, text := range map[string]func(values) (string, error){
		"over TCP": overTCP, "over unix": overUnix, "without rules": withoutRules,
		"limiting rows": limitingRows, "limiting effects": limitingEffects,
	} {
		content, err := text(values{Site: site, Port: 6432, MetricsPort: 9432, Home: site.Dir})
		if err != nil {
			t.Fatal(err)
		}
		p, err := policy.Parse(filepath.Join(site.Dir, "pgcordon.yaml"), []byte(content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Targets[0].Mode != policy.Enforce || p.Limits.Sessions != site.Sessions {
			t.Errorf("%s: mode %v, %d sessions", name, p.Targets[0].Mode, p.Limits.Sessions)
		}
	}
}

func TestChangedExampleIsNoticed(t *testing.T) {
	if _, err := replaced("a b", [][2]string{{"c", "d"}}); err == nil {
		t.Error("a text that is gone was replaced")
	}
	if _, err := replaced("a a", [][2]string{{"a", "d"}}); err == nil {
		t.Error("one of two was replaced")
	}
}
