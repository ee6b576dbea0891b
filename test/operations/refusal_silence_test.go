package operations

import (
	"testing"
)

// A server can be told to show a client its own log. There the text of a substitute
// stands, and it must not.
func TestNoSubstituteReachesAClientThatReadsTheServersLog(t *testing.T) {
	t.Parallel()
	eachMajor(t, refusingRules, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		for _, set := range []string{
			"client_min_messages = debug5", "log_statement = 'all'", "log_min_messages = debug5",
			"log_min_duration_statement = 0", "log_duration = on", "debug_print_parse = on", "log_error_verbosity = verbose",
		} {
			c.send(query("SET " + set))
			c.untilReady(1)
		}
		notices := c.notices
		c.send(query("TRUNCATE categories"))
		c.untilReady(1)
		c.send(messages(run("INSERT INTO journal VALUES ('lost')"), run("DELETE FROM categories"), syncs())...)
		c.untilReady(1)
		c.send(messages(parse("wipe", "DELETE FROM categories"), syncs(), callOfLoUnlink, bind("", "wipe"), syncs())...)
		c.untilReady(3)
		if c.notices == notices {
			t.Error("the server shows nothing of its log")
		}
		if len(c.errors) != 5 {
			t.Errorf("errors %+v", c.errors)
		}
		c.silent()
	})
}
