package policy

import "encoding/json"

// Schema returns the JSON schema of a policy file, for editors. It is made of
// the same keys that Parse reads.
func Schema() ([]byte, error) { return draft7(file.schema, "pgcordon policy") }

// TestsSchema returns the JSON schema of a file of tests, made of the keys that
// ParseTests reads.
func TestsSchema() ([]byte, error) { return draft7(testFile.schema, "pgcordon policy tests") }

func draft7(root schema, title string) ([]byte, error) {
	out, err := json.MarshalIndent(root.
		with("$schema", "http://json-schema.org/draft-07/schema#").
		with("title", title), "", "  ")
	return append(out, '\n'), err
}
