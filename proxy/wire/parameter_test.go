package wire

import (
	"fmt"
	"testing"
)

func TestTypesOfParametersAreRead(t *testing.T) {
	for body, want := range map[string]string{
		"s\x00SELECT $1\x00\x00\x02\x00\x00\x00\x17\x00\x00\x00\x00": "[23 0] <nil>",
		"s\x00SELECT 1\x00\x00\x00":                                  "[] <nil>",
		"s\x00SELECT $1\x00\x00\x02\x00\x00\x00\x17":                 "[] message ends inside a field",
		"s\x00SELECT $1\x00":                                         "[] message ends inside a field",
		"s\x00SELECT $1":                                             "[] message ends inside a field",
	} {
		types, err := ParseTypes([]byte(body))
		if got := fmt.Sprint(types, err); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

func TestValuesOfParametersAreRead(t *testing.T) {
	const names = "portal\x00statement\x00"
	for body, want := range map[string]string{
		"\x00\x00\x00\x01\x00\x00\x00\x02ab":                                   "[text ab] <nil>",
		"\x00\x01\x00\x01\x00\x02\x00\x00\x00\x01a\xff\xff\xff\xff":            "[binary a binary NULL] <nil>",
		"\x00\x02\x00\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01b":    "[text  binary b] <nil>",
		"\x00\x00\x00\x00\x00\x00":                                             "[] <nil>",
		"\x00\x02\x00\x01\x00\x01\x00\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff": "[] message ends inside a field",
		"\x00\x00\x00\x01\xff\xff\xff\xfe":                                     "[] message ends inside a field",
		"\x00\x00\x00\x01\x7f\xff\xff\xffa":                                    "[] message ends inside a field",
		"\x00\x00\xff\xff":                                                     "[] message ends inside a field",
		"\x00\x09\x00":                                                         "[] message ends inside a field",
		"":                                                                     "[] message ends inside a field",
	} {
		parameters, err := BindParameters([]byte(names + body))
		values := []string{}
		for _, p := range parameters {
			format := "text "
			if p.Binary {
				format = "binary "
			}
			if p.Null {
				p.Value = []byte("NULL")
			}
			values = append(values, format+string(p.Value))
		}
		if got := fmt.Sprint(values, err); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
	if _, err := BindParameters([]byte("portal")); err == nil {
		t.Error("a message without names was accepted")
	}
}
