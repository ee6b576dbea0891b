// Command pgcordon stands in front of PostgreSQL, knows which environment each
// client comes from, and refuses sessions that cross environments and statements
// that destroy data, before they take effect.
package main

import (
	"errors"
	"os"

	"github.com/alecthomas/kong"
)

// commands are the subcommands, one a file.
type commands struct {
	Run     runCommand     `cmd:"" help:"Stand in front of the configured servers."`
	Check   checkCommand   `cmd:"" help:"Check a configuration file."`
	Explain explainCommand `cmd:"" help:"Show how a statement would be judged, and why."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	var c commands
	ctx := kong.Parse(&c,
		kong.Name("pgcordon"),
		kong.Description("A guard in front of PostgreSQL."),
		kong.UsageOnError(),
	)
	err := ctx.Run()
	if code := exitCode(0); errors.As(err, &code) {
		os.Exit(int(code))
	}
	ctx.FatalIfErrorf(err)
}

// exitCode ends the program with a status and without a message.
type exitCode int

func (exitCode) Error() string { return "" }
