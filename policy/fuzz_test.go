package policy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
)

// FuzzParse holds Parse to its word: a policy or Errors with places, never a
// panic, and a policy that decides whatever it is asked.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../deploy/examples/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no examples to begin with", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(oneTarget + ordered))
	f.Add([]byte(estate))
	f.Add([]byte("a: &a [*a, {<<: *a}]\n---\n!!binary x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := Parse("p.yaml", content)
		if err != nil {
			var list Errors
			if !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			checkPlaces(t, list)
			return
		}
		checkPlaces(t, p.Warnings)
		client := Client{Source: p.Identify(identity.Facts{Unix: true}), User: "u", Database: "d"}
		for _, target := range p.Targets {
			p.Admit(target, client)
			p.MayAdmit(target, client.Source)
			r := p.Ruleset(target, client)
			r.Interest()
			r.Decide(summary(acts(t, "delete s.x none", "function f", "unknown -")), Context{})
		}
	})
}

func checkPlaces(t *testing.T, list Errors) {
	t.Helper()
	for _, e := range list {
		if e.Line < 1 || e.Column < 1 || e.Message == "" || e.File != "p.yaml" {
			t.Errorf("error without a place: %+v", e)
		}
	}
}
