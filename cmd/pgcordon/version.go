package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases.
var version = "dev"

type versionCommand struct{}

// Run prints the version, the revision that it was built from and Go's version.
func (versionCommand) Run(s *streams) error {
	fmt.Fprintf(s.out, "pgcordon %s (%s, %s)\n", version, revision(), runtime.Version())
	return nil
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
