package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheDecoderIsWhatTheHeadersSay(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../decode.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("decode.gen.go is out of date: go generate ./parser/rawtree")
	}
}

func TestLayoutThatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, printed := range []string{"", "version 170007", "list a b", "enum X 1", "what 1", "node X"} {
		if _, err := parseLayout(printed); err == nil {
			t.Errorf("%q was read without an error", printed)
		}
	}
}
