// Package hotpath measures, without a socket, what a message costs on its way
// through the guard: prefilter, cache, grammar, rules, and all of them together.
//
//	go test -bench . ./bench/hotpath
//
// Its tests hold what must not be lost: a message that the prefilter or the cache
// answers for allocates nothing.
package hotpath
