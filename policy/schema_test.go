package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the schemas in deploy anew")

func TestSchemaFilesAreWhatTheDecoderReads(t *testing.T) {
	for file, schema := range map[string]func() ([]byte, error){
		"../deploy/pgcordon.schema.json": Schema, "../deploy/pgcordon.test.schema.json": TestsSchema,
	} {
		want, err := schema()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go test ./policy -run Schema -update", file)
		}
	}
}

// keysOf lists every key of both schemas, without its path.
func keysOf(t *testing.T) map[string]bool {
	t.Helper()
	policy, err := Schema()
	tests, testsErr := TestsSchema()
	if err := errors.Join(err, testsErr); err != nil {
		t.Fatal(err)
	}
	var roots [2]any
	if err := errors.Join(json.Unmarshal(policy, &roots[0]), json.Unmarshal(tests, &roots[1])); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok {
				for name := range properties {
					keys[name] = true
				}
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(roots[:])
	return keys
}
