package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const homePrefix = "pgcordon-cluster-"

// newHome makes the folder of one cluster. Its name carries this process's id, by
// which sweep knows whose it was.
func newHome(o owner) (string, error) {
	home, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", homePrefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("make a folder for the cluster: %w", err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		return "", fmt.Errorf("open the cluster's folder to its clients: %w", err)
	}
	if err := o.give(home); err != nil {
		return "", fmt.Errorf("give the cluster's folder away: %w", err)
	}
	return home, nil
}

// sweep removes the clusters of processes that were killed before they could.
func sweep() {
	homes, _ := filepath.Glob(filepath.Join(os.TempDir(), homePrefix+"*"))
	for _, home := range homes {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(home), homePrefix), "-")
		pid, err := strconv.Atoi(id)
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(home) // another process may be sweeping too
		}
	}
}
