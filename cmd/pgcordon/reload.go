package main

import (
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
)

// settle is how long the file must be left alone before it is read: editors and
// Kubernetes write in several steps.
const settle = 100 * time.Millisecond

// reload puts the file into force. Where it is invalid, or cannot be put into
// force, everything stays as it was.
func (g *process) reload(why string) {
	if g.policy.Path == "" {
		g.log.Info("nothing to reload: there is no configuration file")
		return
	}
	p, err := policy.Load(g.policy.Path)
	if err == nil {
		err = g.server.Reload(p)
	}
	g.recordReload(why, err)
	if err != nil {
		g.metrics.ConfigRejected()
		g.log.Error("configuration rejected, the old one stays in force", "reason", why, "error", err)
		return
	}
	if takesRestart(g.policy, p) {
		g.log.Warn("audit, metrics, limits.cache_bytes and admin, but for admin.break_glass, change only with a restart")
	}
	g.policy = p
	g.metrics.ConfigLoaded(time.Now())
	g.warn(p)
	g.log.Info("configuration reloaded", "reason", why)
}

// takesRestart tells whether two policies differ in what a reload does not change.
func takesRestart(a, b *policy.Policy) bool {
	was, is := a.Admin, b.Admin
	was.BreakGlass, is.BreakGlass = nil, nil
	return a.Audit != b.Audit || a.Metrics != b.Metrics || was != is || a.Limits.CacheBytes != b.Limits.CacheBytes
}

// recordReload writes the attempt to the audit log. It does not wait for a log that is
// stuck, because signals would wait with it.
func (g *process) recordReload(why string, err error) {
	e := audit.Event{Time: time.Now(), Type: audit.PolicyReload, ID: audit.NewID(), Decision: audit.Allow, Reason: why}
	if err != nil {
		e.Decision, e.Reason = audit.Deny, why+": "+err.Error()
	}
	if !g.audit.TryRecord(e) {
		g.log.Warn("the audit log is full: it does not tell of this reload", "reason", why)
	}
}

// watch tells of changes to the file. It watches the directory: Kubernetes swaps a
// symbolic link, "..data", and editors rename a new file into place. Where watching
// is not possible the channel stays silent and SIGHUP is the way.
func (g *process) watch() (<-chan time.Time, func()) {
	if g.policy.Path == "" {
		return nil, func() {}
	}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		err = watcher.Add(filepath.Dir(g.policy.Path))
	}
	if err != nil {
		g.log.Warn("the configuration file is not watched; send SIGHUP after a change", "error", err)
		return nil, func() {}
	}
	settled := make(chan time.Time, 1)
	go g.notify(filepath.Clean(g.policy.Path), watcher, settled)
	return settled, func() { _ = watcher.Close() }
}

// notify sends once the directory of the file has been quiet for a moment, if the file
// name could have changed. It must not look at g.policy, which a reload replaces.
func (g *process) notify(name string, watcher *fsnotify.Watcher, settled chan<- time.Time) {
	data := filepath.Join(filepath.Dir(name), "..data")
	timer := time.NewTimer(settle)
	timer.Stop()
	for {
		select {
		case e, open := <-watcher.Events:
			if !open {
				return
			}
			if at := filepath.Clean(e.Name); (at == name || at == data) && !e.Has(fsnotify.Chmod) {
				timer.Reset(settle)
			}
		case t := <-timer.C:
			settled <- t
		case err, open := <-watcher.Errors:
			if !open {
				return
			}
			g.log.Warn("watching the configuration file", "error", err)
		}
	}
}
