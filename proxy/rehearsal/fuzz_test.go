package rehearsal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

// FuzzPlay holds a file of tests to two things, whatever is in it: it is read or
// refused with places, and playing it ends.
func FuzzPlay(f *testing.F) {
	files, err := filepath.Glob("../../deploy/examples/*.test.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no examples to begin with", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Add("tests: [{name: a, source: {environment: staging}, login: deny}]")
	f.Add(`defaults: {source: {environment: production}}
tests:
  - name: a
    options: -c standard_conforming_strings=off -c client_encoding=sjis
    steps:
      - {allow: ["", ";", "SELECT 1; BEGIN", "EXECUTE p", "COPY t FROM STDIN"], parameters: [1, ~], after: 1h}
      - {deny: ["ROLLBACK; DROP TABLE t", "SET client_encoding TO x", "RESET ALL", "SET LOCAL names 'x'"]}
`)
	p, err := policy.Parse("p.yaml", []byte(head))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content string) {
		tests, err := policy.ParseTests("p.test.yaml", []byte(content), p)
		if err != nil {
			var list policy.Errors
			if !errors.As(err, &list) || len(list) == 0 || list[0].Line < 1 || list[0].Column < 1 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for i := range tests.List {
			Play(p, &tests.List[i])
		}
	})
}
