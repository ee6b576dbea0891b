package policy

import "testing"

// What breaks YAML is placed where it is, and the message says how to mend it.
func TestWhatIsNotYAMLIsPlacedAndExplained(t *testing.T) {
	const rule = oneTarget + "statements:\n  - name: x\n    action: deny\n"
	for _, test := range []struct{ name, content, want string }{
		{"set without quotes", rule + "    when: {effect: @destructive, relation: t}\n",
			`9:20: not YAML: found character that cannot start any token; put "@destructive" in quotes`},
		{"set without quotes, in a block", rule + "    when:\n      effect: @destructive\n",
			`10:15: not YAML: found character that cannot start any token; put "@destructive" in quotes`},
		{"pattern that looks like an alias", rule + "    when:\n      relation: *_tmp\n",
			`10:17: not YAML: unknown anchor '_tmp' referenced; put "*_tmp" in quotes`},
		{"star alone", rule + "    when: {relation: *}\n",
			`9:22: not YAML: did not find expected alphabetic or numeric character; put "*" in quotes`},
		{"tab", rule + "\twhen: {relation: x}\n",
			"9:1: not YAML: found a tab character that violates indentation; indent with spaces, not with tabs"},
		{"key indented less", rule + "   when: {effect: delete}\n",
			"7:3: not YAML: did not find expected '-' indicator; what follows in this list is not indented like its first item"},
		{"key indented more", "targets:\n  - name: shop\n      environment: production\n",
			"3:7: not YAML: mapping values are not allowed in this context; indent the key like those above it"},
		{"missing comma", oneTarget + "sessions:\n  - {name: x, action: deny when: {user: x}}\n",
			"7:5: not YAML: did not find expected ',' or '}'; a comma or the closing brace is missing, or a text that holds a colon needs quotes"},
		{"SQL with a colon", "tests:\n  - name: a\n    steps:\n      - allow: SELECT 'a: b'\n",
			"4:16: not YAML: mapping values are not allowed in this context; put a text that holds a colon in quotes"},
		{"open quote", rule + "    when: {relation: \"orders}\n",
			"9:22: not YAML: found unexpected end of stream; a quote is not closed"},
		{"something else", "a: b\n&&: c\n", "2:1: not YAML: did not find expected alphabetic or numeric character; put \"&&:\" in quotes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			compare(t, complaints(t, test.content), []string{test.want})
		})
	}
}
