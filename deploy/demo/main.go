package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pgcordon/pgcordon/test/cluster"
)

func main() {
	keep := flag.Bool("keep", false, "leave everything running until Ctrl-C")
	binary := flag.String("pgcordon", "bin/pgcordon", "the program to show")
	from := flag.String("from", "", "run one statement through the guard of a demo that was kept, from this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	run := func() error { return play(ctx, *binary, *keep) }
	if *from != "" {
		run = func() error { return ask(ctx, *from, flag.Arg(0)) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

// play is the whole demo, in order.
func play(ctx context.Context, binary string, keep bool) error {
	s := newScreen(os.Stdout)
	shop, err := openShop(ctx, s)
	if err != nil {
		return err
	}
	defer shop.close()
	if err := withoutGuard(ctx, s, shop); err != nil {
		return err
	}
	door, err := shop.guard(binary)
	if err != nil {
		return err
	}
	defer door.stop()
	verdict := withGuard(ctx, s, shop, door)
	if keep && verdict == nil {
		stay(ctx, s, door)
	}
	return verdict
}

// stay leaves everything running and tells how to use it.
func stay(ctx context.Context, s *screen, door *door) {
	s.title("Still running. Ctrl-C stops everything and removes it.")
	s.line("as production   bin/pgcordon-demo -from %s 'DELETE FROM categories'", appIP)
	s.line("as staging      bin/pgcordon-demo -from %s 'SELECT 1'", stagingIP)
	s.line("past the guard  psql -h %s -p %d -U %s %s   (password: %s)", address, serverPort, role, database, cluster.Password)
	s.line("audit log       tail -f %s", door.auditFile())
	s.line("metrics         http://%s/metrics", metricsAddr)
	<-ctx.Done()
}
