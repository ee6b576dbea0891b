package policy

import "encoding/json"

// Schema returns the JSON schema of a policy file, for editors. It is made of
// the same keys that Parse reads.
func Schema() ([]byte, error) {
	root := file.schema.
		with("$schema", "http://json-schema.org/draft-07/schema#").
		with("title", "pgcordon policy")
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}
