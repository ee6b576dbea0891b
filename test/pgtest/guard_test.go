package pgtest

import (
	"net"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
)

func TestGuardStartsRefusesAndTells(t *testing.T) {
	server := Shared(t, 15)
	guard := StartGuard(t, `
targets:
  - name: storefront
    environment: production
    listen: ["$listen", "$socket"]
    upstream: "`+server.Addr()+`"
sources:
  - {name: here, environment: staging, cidr: [127.0.0.0/8]}
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
`)
	if err := connect(guard.DSN("postgres", "postgres")); err == nil {
		t.Error("a session from staging was let into production")
	}
	event := guard.AwaitEvent(t, "a refused session", func(e audit.Event) bool { return e.Type == audit.SessionRefused })
	if event.Source.Environment != "staging" || event.Target.Environment != "production" {
		t.Errorf("%+v", event)
	}
	conn, err := net.Dial("unix", guard.Socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
