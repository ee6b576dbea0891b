package transport

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// The umask is the process's: no test beside this one may run meanwhile.
func TestSocketFileNeverHasMoreThanItsPermissions(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("the umask decides here")
		return
	}
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "s")
	l, err := bindUnix(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("as soon as it is there the file has mode %o", mode)
	}
}
