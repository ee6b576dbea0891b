package policy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func document(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestEveryExampleInTheDocumentIsAPolicy(t *testing.T) {
	dir := certificates(t)
	blocks := yamlBlock.FindAllStringSubmatch(document(t), -1)
	if len(blocks) < 8 {
		t.Errorf("%d examples found", len(blocks))
	}
	for _, block := range blocks {
		content := block[1]
		if strings.Contains(content, "\ntests:") {
			continue // rehearsal plays these
		}
		if !strings.Contains(content, "targets:") {
			content = oneTarget + content
		}
		if _, err := load(t, dir, content); err != nil {
			t.Errorf("%v in\n%s", err, content)
		}
	}
}

func TestDocumentNamesEveryKeyAndEveryWord(t *testing.T) {
	text := document(t)
	words := slices.Concat(effectWords(), parser.BreadthNames(), parser.TraitNames())
	for key := range keysOf(t) {
		words = append(words, key)
	}
	for _, rule := range builtinStatements {
		words = append(words, rule.name)
	}
	words = append(words, builtinUnknownSource, builtinCrossEnvironment, builtinReplication, builtinAnySource, builtinSameEnvironment)
	for _, word := range words {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("docs/policy.md does not explain `%s`", word)
		}
	}
}

func TestDocumentSaysWhatTheSetsHold(t *testing.T) {
	text := document(t)
	for _, set := range effectSets {
		row := "| `" + set.name + "` | `" + strings.Join(set.set.Names(), "`, `") + "` |"
		if !strings.Contains(text, row) {
			t.Errorf("docs/policy.md lacks the row %s", row)
		}
	}
}
