package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheSourcesAreWhatTheHeadersSay(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: go generate ./parser/rawtree", name)
		}
	}
}

func TestLayoutThatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, printed := range []string{"", "version 170007", "list a b", "enum X 1", "what 1", "node X"} {
		if _, err := parseLayout(printed); err == nil {
			t.Errorf("%q was read without an error", printed)
		}
	}
}
