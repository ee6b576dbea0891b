package parser

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// readWrite returns the trait of a setting that is given a value after which a
// transaction may write. An empty name is any; of a value that is not known, as that which
// RESET goes back to, the worst is assumed.
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DEFAULT-TRANSACTION-READ-ONLY
func readWrite(name, value string, known bool) TraitSet {
	switch strings.ToLower(name) {
	case "", "transaction_read_only", "default_transaction_read_only":
		if !known || isOff(value) {
			return TraitsOf(ReadWrite)
		}
	}
	return 0
}

// isOff tells whether PostgreSQL reads a value as false: it takes any prefix of the
// words that is not one of another, in any case (parse_bool_with_len in
// src/backend/utils/adt/bool.c).
func isOff(value string) bool {
	value = strings.ToLower(value)
	return value == "0" || len(value) > 0 && (strings.HasPrefix("false", value) || strings.HasPrefix("no", value)) ||
		len(value) > 1 && strings.HasPrefix("off", value)
}

// constant returns the only one of some values, where it is a constant.
func constant(values []*pg_query.Node) (value string, known bool) {
	if len(values) != 1 {
		return "", false
	}
	c := values[0].GetAConst()
	switch {
	case c.GetSval() != nil:
		return c.GetSval().Sval, true
	case c.GetIval() != nil:
		return strconv.Itoa(int(c.GetIval().Ival)), true
	}
	return "", false
}
