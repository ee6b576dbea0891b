package main

import (
	"context"
	"fmt"
)

// ask runs one statement through the guard from an address of this machine, which
// psql cannot choose.
func ask(ctx context.Context, from, sql string) error {
	conn, err := connect(ctx, from, urlOf(guardAddr), "demo")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return err
	}
	for _, result := range results {
		for _, row := range result.Rows {
			fmt.Printf("%s\n", row)
		}
		fmt.Println(result.CommandTag)
	}
	return nil
}
