package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/transport/transporttest"
)

// TestExamplesDecideWhatTheirTestsSay runs the tests beside the example policies,
// which must be free of warnings and show every deny rule denying.
func TestExamplesDecideWhatTheirTestsSay(t *testing.T) {
	const examples = "../../deploy/examples"
	files, err := filepath.Glob(examples + "/*.yaml")
	if err != nil || len(files) != 6 {
		t.Fatalf("%q, %v: want three policies and their tests", files, err)
	}
	dir := t.TempDir()
	for _, file := range files {
		copyFile(t, file, filepath.Join(dir, filepath.Base(file)))
	}
	authority := transporttest.NewAuthority(t, "examples")
	pair := authority.Server(t, "localhost")
	copyFile(t, pair.Certificate, filepath.Join(dir, "server.crt"))
	copyFile(t, pair.Key, filepath.Join(dir, "server.key"))
	copyFile(t, authority.File, filepath.Join(dir, "ca.pem"))
	for _, name := range []string{"sidecar", "choke-point", "audit-only"} {
		code, text := outcome("", "check", "--config", filepath.Join(dir, name+".yaml"), "--strict-coverage")
		if code != 0 || !strings.Contains(text, ", 0 failed") || !strings.Contains(text, ", 0 warnings") {
			t.Errorf("%s: status %d\n%s", name, code, text)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const guarded = `targets:
  - {name: shop, environment: production, listen: "127.0.0.1:1", upstream: "127.0.0.1:2"}
sources:
  - {name: pods, environment: production, cidr: 10.30.0.0/16}
sessions:
  - {name: no-superuser, action: deny, when: {user: root}}
statements:
  - {name: no-locks, action: deny, when: {effect: lock}}
`

// beside writes a policy and its tests and returns the policy's name.
func beside(t *testing.T, policy, tests string) string {
	t.Helper()
	file := configFile(t, policy)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "pgcordon.test.yaml"), []byte(tests), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const covering = `defaults: {source: {address: 10.30.1.7}, user: app}
tests:
  - {name: a superuser, user: root, login: deny, rule: no-superuser}
  - name: the shop
    steps:
      - {allow: [SELECT 1, DELETE FROM t WHERE id = 7]}
      - {deny: LOCK t, rule: no-locks}
`

func TestCheckTellsHowTestsEnded(t *testing.T) {
	wrong := strings.Replace(covering, "allow: [SELECT 1", "deny: [SELECT 1", 1)
	partial := strings.Replace(covering, "  - {name: a superuser, user: root, login: deny, rule: no-superuser}\n", "", 1)
	for name, c := range map[string]struct {
		tests string
		args  []string
		code  int
		want  []string
	}{
		"all as expected": {covering, []string{"--strict-coverage"}, 0, []string{
			"pgcordon.test.yaml: 2 tests, 5 decisions, 0 failed\n", "2 of 2 deny rules denied in a test\n"}},
		"another decision": {wrong, nil, 2, []string{
			"pgcordon.test.yaml:6:17: the shop: SELECT 1\n  - deny\n  + allow\n",
			"pgcordon.test.yaml:6:27: the shop: DELETE FROM t WHERE id = 7\n  - deny\n  + allow\n",
			"2 tests, 5 decisions, 1 failed\n"}},
		"another rule": {strings.Replace(covering, "rule: no-locks", "rule: builtin/drop", 1), nil, 2, []string{
			"pgcordon.test.yaml:7:16: the shop: LOCK t\n  - deny by rule builtin/drop\n  + deny by rule no-locks\n    LOCK on t is not allowed to this session\n"}},
		"a rule that denied in no test": {partial, nil, 0, []string{
			"pgcordon.yaml:6:5: no test saw rule no-superuser deny\n", "1 of 2 deny rules denied in a test\n"}},
		"the same, strictly": {partial, []string{"--strict-coverage"}, 3, []string{"no test saw rule no-superuser deny"}},
		"an invalid file of tests": {strings.Replace(covering, "tests:", "test:", 1), nil, 1, []string{
			`pgcordon.test.yaml:2:1: unknown key "test"; did you mean "tests"?`, "pgcordon.test.yaml: 2 errors\n"}},
		"no tests wanted": {wrong, []string{"--no-tests"}, 0, []string{"ok: 1 target, 0 warnings"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := beside(t, guarded, c.tests)
			code, text := outcome("", append([]string{"check", "--config", file}, c.args...)...)
			if code != c.code {
				t.Errorf("status %d, want %d\n%s", code, c.code, text)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
		})
	}
}

func TestCheckRunsTheFilesThatItIsGiven(t *testing.T) {
	file := configFile(t, guarded)
	if code, text := outcome("", "check", "--config", file); code != 0 || strings.Contains(text, "test") {
		t.Errorf("without tests: status %d\n%s", code, text)
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte(covering), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := outcome("", "check", "--config", file, "--tests", other); code != 0 || !strings.Contains(text, "other.yaml: 2 tests") {
		t.Errorf("status %d\n%s", code, text)
	}
	if code, text := outcome("", "check", "--config", file, "--tests", other+"x"); code != 1 || !strings.Contains(text, "no such file") {
		t.Errorf("status %d\n%s", code, text)
	}
}

func TestJUnitReportHoldsTestsAndCoverage(t *testing.T) {
	tests := strings.Replace(covering, "allow: [SELECT 1", `deny: ["SELECT '<&>\x01'"`, 1)
	tests = strings.Replace(tests, "  - {name: a superuser, user: root, login: deny, rule: no-superuser}\n", "", 1)
	for name, c := range map[string]struct {
		policy, tests    string
		args             []string
		failed, reported []string
	}{
		"a failure and a gap": {guarded, tests, nil, []string{"the shop"}, []string{"the shop", "sessions: no-superuser denies", "statements: no-locks denies"}},
		"a gap that counts":   {guarded, tests, []string{"--strict-coverage"}, []string{"the shop", "sessions: no-superuser denies"}, []string{"the shop", "sessions: no-superuser denies", "statements: no-locks denies"}},
		"an invalid policy":   {"targets: []\n", tests, nil, []string{"the file is valid"}, []string{"the file is valid"}},
	} {
		t.Run(name, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "junit.xml")
			outcome("", append([]string{"check", "--config", beside(t, c.policy, c.tests), "--junit", report}, c.args...)...)
			content, err := os.ReadFile(report)
			if err != nil {
				t.Fatal(err)
			}
			var read junitReport
			if err := xml.Unmarshal(content, &read); err != nil {
				t.Fatalf("%v in\n%s", err, content)
			}
			var failed, reported []string
			for _, suite := range read.Suites {
				for _, one := range suite.Cases {
					reported = append(reported, one.Name)
					if one.Failure != nil {
						failed = append(failed, one.Name)
					}
				}
			}
			if strings.Join(failed, ", ") != strings.Join(c.failed, ", ") || strings.Join(reported, ", ") != strings.Join(c.reported, ", ") ||
				read.Failures != len(failed) || read.Tests != len(reported) {
				t.Errorf("failed %q of %q in\n%s", failed, reported, content)
			}
		})
	}
}
