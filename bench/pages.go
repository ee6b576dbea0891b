package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// hugePages is where Linux keeps how many there are, of 2 MB.
const hugePages = "/proc/sys/vm/nr_hugepages"

// reservePages adds huge pages for the server's shared memory, and tells whether there are
// now enough of them. With pages of 4 kB a new server process takes faults for most of
// its first queries, which for 64 of them lasts many seconds; those that a pooler has kept
// from the run before have done with it. What is measured then is the age of sessions. Only
// root can reserve any. Call restore when the server has ended.
// https://www.postgresql.org/docs/current/kernel-resources.html#LINUX-HUGE-PAGES
func reservePages() (enough bool, restore func()) {
	const wanted = 256 // twice the server's shared_buffers
	before, err := countPages()
	if err != nil || setPages(before+wanted) != nil {
		return false, func() {}
	}
	now, err := countPages()
	if err != nil {
		return false, func() {}
	}
	added := now - before // fewer than wanted where memory is too scattered
	return added == wanted, func() {
		if now, err := countPages(); err == nil { // another comparison may have added its own since
			_ = setPages(max(0, now-added)) // nothing but memory is lost without
		}
	}
}

func countPages() (int, error) {
	text, err := os.ReadFile(hugePages)
	if err != nil {
		return 0, fmt.Errorf("read the number of huge pages: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func setPages(n int) error {
	const existing = 0 // no mode: the file is there
	return os.WriteFile(hugePages, []byte(strconv.Itoa(n)), existing)
}
