package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/recovery"
)

type receiptCommand struct {
	Event  string `arg:"" help:"Event id of the statement, as the audit log has it."`
	File   string `placeholder:"FILE" help:"The audit log; - reads standard input."`
	Config string `short:"c" placeholder:"FILE" env:"PGCORDON_CONFIG" help:"Without --file: the configuration file that names the log."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run shows how to undo a statement.
func (c *receiptCommand) Run(s *streams) error {
	log, err := c.open(s.in)
	if err != nil {
		return err
	}
	defer log.Close()
	statement, end, err := audit.FindReceipt(log, c.Event)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Event, err)
	}
	plan, err := recovery.New(statement, end)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Event, err)
	}
	if c.JSON {
		return s.printJSON(plan)
	}
	return printPlan(s.out, plan)
}

// open opens the audit log.
func (c *receiptCommand) open(stdin io.Reader) (io.ReadCloser, error) {
	path := c.File
	if path == "" {
		if c.Config == "" {
			return nil, errors.New("give --file LOG, or --config FILE that names it under audit.file")
		}
		p, err := policy.Load(c.Config)
		if err != nil {
			return nil, fmt.Errorf("%w\n--file LOG does without the configuration", err)
		}
		if path = p.Audit.File; path == "" || path == "-" {
			return nil, fmt.Errorf("%s has no audit.file that could be read: give --file LOG", c.Config)
		}
	}
	if path == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(path)
}
