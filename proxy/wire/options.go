package wire

import "strings"

// ParseOptions returns the settings that the startup parameter "options" makes:
// "-c name=value", "-cname=value" and "--name=value", where a dash in a long
// name stands for an underscore. Other words of the server's command line
// are returned as a setting with the word as name, so that a judge sees them: a
// cluster of switches may set anything ("-ec name=value"). What the server cannot
// read it refuses itself.
// src/backend/tcop/postgres.c: process_postgres_switches, pg_split_opts.
func ParseOptions(options string) []Setting {
	var settings []Setting
	words := splitOptions(options)
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case strings.HasPrefix(word, "--"):
			settings = append(settings, setting(word[2:]))
		case word == "-c" && i+1 < len(words):
			i++
			settings = append(settings, setting(words[i]))
		case strings.HasPrefix(word, "-c"):
			settings = append(settings, setting(word[2:]))
		default:
			settings = append(settings, Setting{Name: word})
		}
	}
	return settings
}

func setting(assignment string) Setting {
	name, value, _ := strings.Cut(assignment, "=")
	return Setting{Name: strings.ToLower(strings.ReplaceAll(name, "-", "_")), Value: value}
}

// splitOptions splits at white space; a backslash takes the next byte as it is.
// src/backend/utils/init/postinit.c: pg_split_opts.
func splitOptions(s string) []string {
	var words []string
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			i++
			continue
		}
		var word strings.Builder
		for ; i < len(s) && !isSpace(s[i]); i++ {
			if s[i] == '\\' {
				i++
				if i == len(s) {
					break
				}
			}
			word.WriteByte(s[i])
		}
		words = append(words, word.String())
	}
	return words
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// parseBool reads a boolean as src/backend/utils/adt/bool.c: parse_bool does:
// any unique prefix, whatever the case.
func parseBool(s string) (value, ok bool) {
	s = strings.ToLower(s)
	prefix := func(word string, least int) bool { return len(s) >= least && strings.HasPrefix(word, s) }
	switch {
	case prefix("true", 1), prefix("yes", 1), prefix("on", 2), s == "1":
		return true, true
	case prefix("false", 1), prefix("no", 1), prefix("off", 2), s == "0":
		return false, true
	}
	return false, false
}
