package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

// Lockdowns are the lockdowns in force, and the file in which they survive a restart.
// No policy is involved, so that no reload touches them.
type Lockdowns struct {
	file    string // empty: none
	report  func([]admin.Lockdown)
	changes sync.Mutex // held until a change is on disk, so that the newest wins there too
	current atomic.Pointer[[]admin.Lockdown]
}

// lockdownState is the content of the file.
type lockdownState struct {
	Lockdowns []admin.Lockdown `json:"lockdowns"`
}

// OpenLockdowns reads the file that an earlier process has left, and makes it where
// there is none: that it cannot be written must show now and not in an emergency. A
// file that it cannot read is an error, because who was locked out must stay so. An
// empty path stands for no file.
func OpenLockdowns(file string) (*Lockdowns, error) {
	l := &Lockdowns{file: file, report: func([]admin.Lockdown) {}}
	l.current.Store(new([]admin.Lockdown))
	if file == "" {
		return l, nil
	}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, l.save(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read the lockdowns (admin.state): %w", err)
	}
	var state lockdownState
	strict := json.NewDecoder(bytes.NewReader(content))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&state); err != nil {
		return nil, fmt.Errorf("read the lockdowns (admin.state) from %s: %w; mend the file, or remove it to have no lockdown", file, err)
	}
	if _, err := strict.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the lockdowns (admin.state) from %s: there is something behind their end", file)
	}
	l.current.Store(&state.Lockdowns)
	return l, nil
}

func (l *Lockdowns) all() []admin.Lockdown { return append([]admin.Lockdown{}, *l.current.Load()...) }

// find returns the first whose scope has a property, and whose end has not come.
func (l *Lockdowns) find(has func(admin.Scope) bool, now time.Time) *admin.Lockdown {
	all := *l.current.Load()
	if i := slices.IndexFunc(all, func(one admin.Lockdown) bool { return has(one.Scope) && !one.Over(now) }); i >= 0 {
		return &all[i]
	}
	return nil
}

// put adds a lockdown, in place of the one of the same scope; but no quarantine takes the
// place of what an operator ordered. It is in force also where an error says that it
// could not be saved.
func (l *Lockdowns) put(one admin.Lockdown) error {
	l.changes.Lock()
	defer l.changes.Unlock()
	rest, same := split(l.all(), func(other *admin.Lockdown) bool { return other.Scope == one.Scope })
	if one.Tripwire != "" && len(same) > 0 && same[0].Tripwire == "" {
		return nil
	}
	err := l.change(append(rest, one))
	if l.file == "" {
		return errors.New("admin.state names no file")
	}
	return err
}

// lift removes the lockdowns that have a property, and returns them. The error says why
// they come back with a restart.
func (l *Lockdowns) lift(has func(*admin.Lockdown) bool) (lifted []admin.Lockdown, err error) {
	l.changes.Lock()
	defer l.changes.Unlock()
	rest, lifted := split(l.all(), has)
	if len(lifted) == 0 {
		return nil, nil
	}
	return lifted, l.change(rest)
}

// split parts the lockdowns with a property from the rest.
func split(all []admin.Lockdown, has func(*admin.Lockdown) bool) (rest, those []admin.Lockdown) {
	for i := range all {
		if has(&all[i]) {
			those = append(those, all[i])
		} else {
			rest = append(rest, all[i])
		}
	}
	return rest, those
}

func (l *Lockdowns) change(to []admin.Lockdown) error {
	l.current.Store(&to)
	l.report(to)
	if l.file == "" {
		return nil
	}
	return l.save(to)
}

// save writes the file beside its place and renames it, so that there is always a
// whole one.
func (l *Lockdowns) save(all []admin.Lockdown) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the lockdowns (admin.state): %w", err)
		}
	}()
	content, err := json.MarshalIndent(lockdownState{append([]admin.Lockdown{}, all...)}, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(l.file)
	next, err := os.CreateTemp(dir, ".lockdowns-*")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the folder has to be there", err)
	}
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // fails once it is renamed
	_, err = next.Write(append(content, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), l.file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename survive a crash (fsync(2)).
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
