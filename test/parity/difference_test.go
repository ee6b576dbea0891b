package parity

import (
	"strings"
	"testing"
)

func TestAlteredStreamIsDetected(t *testing.T) {
	stream := []message{
		{'R', []byte{0, 0, 0, 0}},
		{'K', []byte{0, 0, 1, 2, 9, 9, 9, 9}},
		{'C', []byte("DELETE 3\x00")},
		{'Z', []byte("I")},
	}
	for _, c := range []struct {
		name  string
		alter func([]message) []message
	}{
		{"a byte of a tag", func(m []message) []message { m[2].body[7] = '4'; return m }},
		{"the transaction state", func(m []message) []message { m[3].body[0] = 'T'; return m }},
		{"the type of a message", func(m []message) []message { m[2].kind = 'E'; return m }},
		{"a message that is missing", func(m []message) []message { return append(m[:2], m[3]) }},
		{"a message too many", func(m []message) []message { return append(m, m[3]) }},
		{"a cancel key cut short", func(m []message) []message { m[1].body = m[1].body[:7]; return m }},
		{"a session that is missing", func([]message) []message { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := transcript{"": masking{}.mask(stream)}
			got := transcript{"": masking{}.mask(c.alter(masking{}.mask(stream)))}
			if difference(want, got) == "" {
				t.Error("not detected")
			}
		})
	}
}

func TestWhatDiffersFromRunToRunIsMasked(t *testing.T) {
	row := func(text string) message { return message{'D', []byte("\x00\x01\x00\x00\x00\x09" + text)} }
	column := func(oid string) message {
		return message{'T', []byte("\x00\x01id\x00" + oid + "\x00\x01\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00")}
	}
	one := masking{}.mask([]message{{'K', []byte("12345678")}, {'A', []byte("1234news\x00\x00")}, row("0/16B3748"), column("\x00\x00\x40\x01")})
	two := masking{}.mask([]message{{'K', []byte("abcdefgh")}, {'A', []byte("abcdnews\x00\x00")}, row("0/16B9990"), column("\x00\x00\x50\x07")})
	if d := difference(transcript{"": one}, transcript{"": two}); d != "" {
		t.Error(d)
	}
}

func TestDifferenceNamesTheFirstDivergentMessage(t *testing.T) {
	want := transcript{"": {{'C', []byte("SELECT 1\x00")}, {'Z', []byte("I")}}}
	got := transcript{"": {{'C', []byte("SELECT 1\x00")}, {'Z', []byte("T")}}}
	if d := difference(want, got); !strings.Contains(d, `message 2`) || !strings.Contains(d, `Z "T"`) {
		t.Errorf("unhelpful: %s", d)
	}
}
