package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// outcome runs a command line and returns its exit status and what it printed.
func outcome(stdin string, args ...string) (int, string) {
	var out bytes.Buffer
	code := execute(args, &streams{in: strings.NewReader(stdin), out: &out, err: &out})
	return code, out.String()
}

// TestREADMEsExamplesRun takes the policy and the commands of README.md at their word.
func TestREADMEsExamplesRun(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md has no policy")
	}
	file := filepath.Join(t.TempDir(), "pgcordon.yaml")
	if err := os.WriteFile(file, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		code int
		text string
	}{
		"check":                         {0, "ok"},
		"explain 10.20.1.7 SELECT 1":    {2, "builtin/cross-environment"},
		"explain 10.30.1.7 DELETE FROM": {2, "builtin/unbounded-delete"},
	}
	commands := regexp.MustCompile(`(?m)^pgcordon +(?:check|explain) .*$`).FindAllString(string(readme), -1)
	if len(commands) != len(want) {
		t.Fatalf("README.md has the commands %q", commands)
	}
	for _, command := range commands {
		for key, w := range want {
			if !containsAll(command, strings.SplitN(key, " ", 3)) {
				continue
			}
			if code, text := outcome("", words(command, file)...); code != w.code || !strings.Contains(text, w.text) {
				t.Errorf("%s: status %d, want %d with %q:\n%s", command, code, w.code, w.text, text)
			}
			delete(want, key)
		}
	}
	for key := range want {
		t.Errorf("no command of README.md is %s", key)
	}
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// words splits a command as a shell does single quotes, and puts the file in place.
func words(command, file string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
		out = append(out, m[1]+m[2])
	}
	for i, w := range out {
		if w == "pgcordon.yaml" {
			out[i] = file
		}
	}
	return out[1:]
}
