// Command pgcordon stands in front of PostgreSQL, knows which environment each
// client comes from, and refuses sessions that cross environments and statements
// that destroy data, before they take effect.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// commands are the subcommands, one a file.
type commands struct {
	Run      runCommand      `cmd:"" help:"Stand in front of the configured servers."`
	Check    checkCommand    `cmd:"" help:"Check a configuration file."`
	Explain  explainCommand  `cmd:"" help:"Show how a statement would be judged, and why."`
	Sessions sessionsCommand `cmd:"" help:"Show who is connected to a running pgcordon."`
	Kill     killCommand     `cmd:"" help:"End sessions at once, and what the server does for them."`
	Lockdown lockdownCommand `cmd:"" help:"End sessions and keep new ones out, until released."`
	Release  releaseCommand  `cmd:"" help:"Lift a lockdown."`
	Receipt  receiptCommand  `cmd:"" help:"Show how to undo a statement that has a receipt in the audit log."`
	Allow    allowCommand    `cmd:"" help:"Let a refused statement through, once or for a time."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(execute(os.Args[1:], &streams{os.Stdin, os.Stdout, os.Stderr}))
}

// execute runs a command line and returns the exit status.
func execute(args []string, s *streams) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var c commands
	status := -1
	parser := kong.Must(&c,
		kong.Name("pgcordon"),
		kong.Description("A guard in front of PostgreSQL."),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { status = code }),
		kong.Bind(s),
	)
	ctx, err := parser.Parse(args)
	if status >= 0 { // --help
		return status
	}
	if err == nil {
		err = ctx.Run()
	}
	return s.status(err)
}

// status tells people what went wrong and programs that something did.
func (s *streams) status(err error) int {
	if err == nil {
		return 0
	}
	if code := exitCode(0); errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintf(s.err, "pgcordon: %v\n", err)
	return 1
}

// exitCode ends the program with a status and without a message.
type exitCode int

func (exitCode) Error() string { return "" }
