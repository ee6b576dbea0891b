package wire

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

// packet builds a startup packet of protocol 3.0 from names and values.
func packet(pairs ...string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, Version30)
	for _, s := range pairs {
		b = appendString(b, s)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func TestStartupParametersAreRead(t *testing.T) {
	s, err := ParseStartup(packet("user", "app", "database", "shop", "application_name", "web",
		"options", `-c search_path=a\ b --work-mem=4MB`, "client_encoding", "UTF8", "_pq_.x", "1"))
	if err != nil {
		t.Fatal(err)
	}
	want := Startup{
		Major: 3, User: "app", Database: "shop", Application: "web", Options: `-c search_path=a\ b --work-mem=4MB`,
		Settings:     []Setting{{"search_path", "a b"}, {"work_mem", "4MB"}, {"application_name", "web"}, {"client_encoding", "UTF8"}},
		Unrecognized: []string{"_pq_.x"},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
}

func TestApplicationNameIsTheOneThatTheServerSees(t *testing.T) {
	for name, p := range map[string][]byte{
		"parameter":                    packet("user", "u", "application_name", "x"),
		"in another case":              packet("user", "u", "Application_Name", "x"),
		"in options":                   packet("user", "u", "options", "-c application_name=x"),
		"a long option":                packet("user", "u", "options", "--application-name=x"),
		"parameter in front of option": packet("user", "u", "application_name", "x", "options", "-c application_name=y"),
		"option in front of parameter": packet("user", "u", "options", "-c application_name=y", "application_name", "x"),
		"the last of two options":      packet("user", "u", "options", "-c application_name=y -capplication_name=x"),
	} {
		if s, err := ParseStartup(p); err != nil || s.Application != "x" {
			t.Errorf("%s: %q, %v", name, s.Application, err)
		}
	}
}

func TestDatabaseDefaultsToUser(t *testing.T) {
	s, err := ParseStartup(packet("user", "app"))
	if err != nil || s.Database != "app" {
		t.Fatalf("database %q, error %v", s.Database, err)
	}
}

func TestReplicationKinds(t *testing.T) {
	for value, want := range map[string][2]bool{
		"true": {true, true}, "yes": {true, true}, "on": {true, true}, "1": {true, true}, "TR": {true, true},
		"database": {true, false}, "false": {false, false}, "off": {false, false}, "0": {false, false},
	} {
		s, err := ParseStartup(packet("user", "u", "replication", value))
		if err != nil || s.Replication != want[0] || s.Physical != want[1] {
			t.Errorf("replication=%s: %v %v, %v", value, s.Replication, s.Physical, err)
		}
	}
	if _, err := ParseStartup(packet("user", "u", "replication", "o")); err == nil {
		t.Error("an ambiguous boolean was accepted")
	}
}

func TestSettingThatIsAddedWins(t *testing.T) {
	for name, p := range map[string][]byte{
		"nothing else":       packet("user", "u"),
		"the same":           packet("Name", "x", "user", "u", "nAmE", "y"),
		"the same in itself": packet("user", "u", "options", "-c name=x", "name", ""),
		"a value that names": packet("user", "name", "database", "name"),
	} {
		before, err := ParseStartup(p)
		if err != nil {
			t.Fatal(err)
		}
		after, err := ParseStartup(WithSetting(p, "name", "value"))
		if err != nil || after.User != before.User || after.Database != before.Database || after.Options != before.Options {
			t.Errorf("%s: %+v, %v", name, after, err)
		}
		if last := after.Settings[len(after.Settings)-1]; last != (Setting{"name", "value"}) {
			t.Errorf("%s: %+v", name, after.Settings)
		}
	}
}

func TestMalformedStartupIsRefused(t *testing.T) {
	noTerminator := packet("user", "app")
	noTerminator[len(noTerminator)-1] = 'x'
	cases := map[string][]byte{
		"no terminator":          noTerminator,
		"no user":                packet("database", "shop"),
		"empty user":             packet("user", ""),
		"user twice":             packet("user", "a", "user", "b"),
		"database twice":         packet("user", "a", "database", "b", "database", "c"),
		"options twice":          packet("user", "a", "options", "-c a=b", "options", ""),
		"name without value":     packet("user", "a", "database"),
		"NUL inside a value":     packet("user", "a\x00b"),
		"user over 63 bytes":     packet("user", strings.Repeat("u", 64)),
		"database over 63":       packet("user", "u", "database", strings.Repeat("d", 64)),
		"bytes behind the end":   packet("user", "a", "", "x"),
		"nothing but the header": packet(),
	}
	for name, p := range cases {
		if s, err := ParseStartup(p); err == nil {
			t.Errorf("%s: accepted as %+v", name, s)
		}
	}
}

func TestOptionsFollowTheServersRules(t *testing.T) {
	cases := map[string][]Setting{
		"-c a=b":                {{"a", "b"}},
		"-ca=b":                 {{"a", "b"}},
		"--search-path=x":       {{"search_path", "x"}},
		`-c search_path=a\,\ b`: {{"search_path", "a, b"}},
		`-c  x=1   -c	y=2`:      {{"x", "1"}, {"y", "2"}},
		`-c A_B=c`:              {{"a_b", "c"}},
		`-B 64`:                 {{"-B", ""}, {"64", ""}},
		`-ec search_path=x`:     {{"-ec", ""}, {"search_path=x", ""}},
		`-e -c`:                 {{"-e", ""}, {"", ""}},
		`-c a=trailing\`:        {{"a", "trailing"}},
		"":                      nil,
	}
	for options, want := range cases {
		if got := ParseOptions(options); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", options, got, want)
		}
	}
}

func FuzzParseStartup(f *testing.F) {
	f.Add(packet("user", "app", "options", `-c a=b\ c`))
	f.Add(packet("user", "app", "replication", "database"))
	f.Add(packet())
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) < MinStartupSize || len(p) > MaxStartupSize {
			return
		}
		s, err := ParseStartup(p)
		if err != nil {
			return
		}
		if s.User == "" || s.Database == "" || strings.ContainsRune(s.User+s.Database, 0) {
			t.Errorf("accepted %+v", s)
		}
	})
}
