package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

func TestLockdownsAreReadBackAsTheyWere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lockdowns.json")
	staging, everybody := admin.Scope{Source: "staging"}, admin.Scope{}
	first := open(t, file)
	for _, l := range []admin.Lockdown{{Scope: staging, Reason: "old"}, {Scope: everybody, Reason: "all"}, {Scope: staging, Reason: "new"}} {
		if err := first.put(l); err != nil {
			t.Fatal(err)
		}
	}
	second := open(t, file)
	if all := second.all(); len(all) != 2 || all[0].Reason != "all" || all[1].Reason != "new" {
		t.Errorf("read %+v", all)
	}
	ofStaging := func(l *admin.Lockdown) bool { return l.Scope == staging }
	if lifted, err := second.lift(ofStaging); len(lifted) != 1 || lifted[0].Reason != "new" || err != nil {
		t.Errorf("lifted %+v, %v", lifted, err)
	}
	if lifted, _ := second.lift(ofStaging); lifted != nil {
		t.Error("lifted twice")
	}
	if all := open(t, file).all(); len(all) != 1 {
		t.Errorf("left %+v", all)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("files left behind: %v, %v", entries, err)
	}
}

func open(t *testing.T, file string) *Lockdowns {
	t.Helper()
	l, err := OpenLockdowns(file)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLockdownThatCannotBeSavedIsInForce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*Lockdowns{"no file": open(t, ""), "no folder": open(t, filepath.Join(dir, "f"))} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		err := l.put(admin.Lockdown{Reason: "now"})
		if err == nil || l.find(func(admin.Scope) bool { return true }, time.Now()) == nil {
			t.Errorf("%s: %v, lockdowns %+v", name, err, l.all())
		}
		// Where there is no file, nothing can bring it back.
		if _, err := l.lift(func(*admin.Lockdown) bool { return true }); (err == nil) != (name == "no file") {
			t.Errorf("%s: lifted with %v", name, err)
		}
	}
}

func TestStateThatIsNotWholeIsAnError(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut": `{"lockdowns": [`, "another file": `{"targets": []}`, "two": `{"lockdowns": []}{"lockdowns": []}`,
	} {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenLockdowns(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := OpenLockdowns(filepath.Join(t.TempDir(), "none", "f")); err == nil || !strings.Contains(err.Error(), "the folder has to be there") {
		t.Error("a file that can never be written: no error")
	}
}
