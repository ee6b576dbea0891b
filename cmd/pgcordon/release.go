package main

import "fmt"

type releaseCommand struct {
	adminSocket
	orderFlags
}

// Run lifts the lockdown or quarantine of exactly this source and target.
func (c *releaseCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Release(c.order())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "released, event %s\n", done.Event)
	return warned(done)
}
