package hostile

import (
	"math/rand/v2"
	"strings"
)

// malformedStartup is a startup packet, or a request before it, that something
// happened to.
func malformedStartup(random *rand.Rand) []byte {
	valid := [][]byte{
		startup(protocol3, "user", "stranger", "database", "postgres", "options", "-c geqo=off", "application_name", "x"),
		startup(3<<16|2, "user", "stranger", "_pq_.x", "1", "replication", "database"),
		packet(sslRequest), packet(gssRequest), packet(cancelRequest, 0, 0, 0, 1, 0, 0, 0, 2),
		{0x16, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3},
	}
	var bytes []byte
	for range 1 + random.IntN(3) {
		bytes = append(bytes, valid[random.IntN(len(valid))]...)
	}
	return damaged(bytes, random)
}

// randomStream begins with a login. What follows looks more or less like messages.
func randomStream(random *rand.Rand) []byte {
	bytes := startup(protocol3, "user", "stranger", "database", "postgres")
	for range random.IntN(30) {
		m := randomMessage(random)
		if random.IntN(6) == 0 {
			m = damaged(m, random)
		}
		bytes = append(bytes, m...)
	}
	return bytes
}

func randomMessage(random *rand.Rand) []byte {
	texts := []string{
		"", "SELECT 1", "SELECT '", "DELETE FROM ledger", "BEGIN", "ROLLBACK", "COPY ledger FROM STDIN", "COPY ledger TO STDOUT",
		"COPY (SELECT 1) TO STDOUT", "SET client_encoding = SJIS", "SET standard_conforming_strings = off",
		"PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE ALL", "SELECT $$", "/* /*", "\xff\xfe", "1;2;3", "TRUNCATE ledger;",
	}
	text := texts[random.IntN(len(texts))]
	name := []string{"", "a", "b", strings.Repeat("n", 70)}[random.IntN(4)]
	switch random.IntN(16) {
	case 0, 1, 2, 3:
		return query(text)
	case 4, 5:
		return parse(name, text)
	case 6:
		return bind(name, name)
	case 7, 8:
		return execute(name)
	case 9:
		return message('D', string("SP?"[random.IntN(3)])+name+"\x00")
	case 10:
		return message('C', string("SP?"[random.IntN(3)])+name+"\x00")
	case 11:
		return message('d', text)
	case 12:
		return message("cfHS"[random.IntN(4)], "\x00"[:random.IntN(2)])
	case 13:
		return message('F', noiseOf(random, 30))
	case 14:
		return message(byte(random.IntN(256)), noiseOf(random, 200))
	}
	return message('S', "")
}

// damaged changes, drops, doubles or adds a few bytes.
func damaged(bytes []byte, random *rand.Rand) []byte {
	bytes = append([]byte(nil), bytes...)
	for range 1 + random.IntN(4) {
		at := random.IntN(len(bytes))
		switch random.IntN(4) {
		case 0:
			bytes[at] = byte(random.IntN(256))
		case 1:
			bytes = append(bytes[:at:at], bytes[at+random.IntN(len(bytes)-at):]...)
		case 2:
			bytes = append(bytes, bytes[at:]...)
		case 3:
			bytes = append(bytes[:at:at], append([]byte(noiseOf(random, 40)), bytes[at:]...)...)
		}
		if len(bytes) == 0 {
			return []byte{0}
		}
	}
	return bytes
}

func noiseOf(random *rand.Rand, most int) string {
	b := make([]byte, random.IntN(most))
	for i := range b {
		b[i] = byte(random.IntN(256))
	}
	return string(b)
}
