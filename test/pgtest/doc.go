// Package pgtest gives tests real PostgreSQL servers and a real pgcordon in front
// of them.
//
//	server := pgtest.Start(t, pgtest.Config{Major: 17, Auth: "scram-sha-256"})
//	guard := pgtest.StartGuard(t, `
//	  targets:
//	    - {name: storefront, environment: production, listen: ["$listen"], upstream: "`+server.Addr()+`"}
//	  sources:
//	    - {name: here, environment: staging, cidr: [127.0.0.0/8]}
//	  audit: {file: "$audit"}
//	  metrics: {listen: "$metrics"}`)
//	// connect to guard.DSN("postgres", "postgres"), then look at guard.Events(t)
//
// What a test starts ends with the test. A package whose tests may share a server
// calls Run in its TestMain and Shared in its tests.
package pgtest
