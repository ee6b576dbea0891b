package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// templateEdition changes whenever initdb is to be run anew with other options.
const templateEdition = "1"

// template returns a data directory that initdb made, to be copied and never
// started. It outlives the process.
func (i installation) template(o owner) (string, error) {
	home := filepath.Join(i.cache, "template-"+i.name+"-"+templateEdition)
	unlock, err := lock(filepath.Join(i.cache, "template-lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	data := filepath.Join(home, "data")
	if _, err := os.Stat(data); err == nil {
		return data, nil
	}
	fresh, err := os.MkdirTemp(i.cache, "initdb-")
	if err != nil {
		return "", fmt.Errorf("make a template: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := i.initdb(o, fresh); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, home); err != nil {
		return "", fmt.Errorf("keep the template: %w", err)
	}
	return data, nil
}

func (i installation) initdb(o owner, home string) error {
	password := filepath.Join(home, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the superuser's password: %w", err)
	}
	for _, path := range []string{home, password} {
		if err := o.give(path); err != nil {
			return fmt.Errorf("give %s to the server's user: %w", path, err)
		}
	}
	return o.run(home, i.program("initdb"), "--pgdata=data", "--username=postgres", "--pwfile=password",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
}

// lock waits until this process alone holds the lock file.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
