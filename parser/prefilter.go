package parser

import "strings"

// Prefilter tells texts that cannot have certain effects from those that may, by
// looking for words. It is immutable and safe for concurrent use.
//
// It is sound because keywords cannot be escaped, but for the bodies of DO and of
// functions, which are strings and for which these keywords stand: whatever else a text is, with
// whatever settings and of whatever version, a keyword of it is a run of its
// bytes. The words are searched everywhere, in strings and comments too, so that
// nothing depends on where those begin and end. The character in front of a word
// must not be a letter, an underscore or a byte of a multibyte character; a digit
// or a dollar sign may be: PostgreSQL 14 reads "1delete" as two tokens, and
// "$a$$a$delete" is a string and a keyword everywhere.
type Prefilter struct {
	// never is set where no text can be passed.
	never bool
	// names is set where names matter, for they can be escaped in U&"...".
	names bool
	// lengths has, for each first letter, a bit for the length of each word.
	lengths [26]uint64
	words   map[string]struct{}
}

// maxWord is the longest word that can be told apart; a longer name makes a
// Prefilter pass nothing. PostgreSQL cuts names at 63 bytes itself.
const maxWord = 63

// NewPrefilter returns a Prefilter for texts that have none of the effects and
// call none of the functions. A function may be qualified; only its own name is
// searched. Execute counts where it is in the set: what a prepared statement does
// shows in no text, so a caller who does not know adds it.
//
// Read is in nearly every text, so with Read in the set nothing is clean. Unknown
// asks for nothing by itself: a text without the words of any effect in the set
// cannot have these effects, understood or not.
func NewPrefilter(effects EffectSet, functions []string) *Prefilter {
	p := &Prefilter{never: effects.Has(Read), words: make(map[string]struct{})}
	for _, e := range effects.List() {
		for _, word := range effectWords[e] {
			p.add(word)
		}
	}
	// In a string that is a body or a query anything can be escaped.
	hidden := effects != 0 || len(functions) > 0
	if hidden {
		p.add("do")
		p.add("function")
		p.add("procedure")
	}
	for name, group := range knownFunctions {
		// set_config may change the role.
		if group.effects.Intersects(effects) || effects.Has(Role) && group.effects.Has(Settings) ||
			hidden && group.effects.Has(Dynamic) {
			p.names = true
			p.add(name)
		}
	}
	for _, name := range functions {
		p.names = true
		p.add(strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]))
	}
	// Settings and roles are named too: SET U&"r\006fle", UPDATE U&"...".
	p.names = p.names || effects.Intersects(SetOf(Settings, Role))
	return p
}

// add takes a word up; one that is no plain identifier cannot be searched for.
func (p *Prefilter) add(word string) {
	if word == "" || len(word) > maxWord || word[0] == '_' || !isIdentStart(word[0]) {
		p.never = true
		return
	}
	for i := range len(word) {
		if !isIdentPart(word[i]) || word[i] >= 0x80 || word[i] == '$' {
			p.never = true
			return
		}
	}
	p.lengths[word[0]-'a'] |= 1 << len(word)
	p.words[word] = struct{}{}
}

// Clean is true only if no text with these bytes can have one of the effects or
// call one of the functions. It does not allocate and does not keep sql.
func (p *Prefilter) Clean(sql []byte) bool {
	if p.never {
		return false
	}
	for i := 0; i < len(sql); {
		if byteClass[sql[i]]&letter == 0 {
			if sql[i] == '"' && p.names && escapesName(sql, i) {
				return false
			}
			i++
			continue
		}
		start := i
		joint := byte(0) // digits and dollar signs inside the run
		for i++; i < len(sql); i++ {
			c := byteClass[sql[i]]
			if c == 0 {
				break
			}
			joint |= c
		}
		if p.has(sql[start:i]) || joint&digit != 0 && p.hasBehindDigit(sql[start:i]) {
			return false
		}
	}
	return true
}

// escapesName tells whether the quote at i opens U&"...".
func escapesName(sql []byte, i int) bool {
	return i >= 2 && sql[i-1] == '&' && sql[i-2]|0x20 == 'u'
}

// has looks one run of identifier characters up.
func (p *Prefilter) has(run []byte) bool {
	first := run[0] | 0x20
	if len(run) > maxWord || first < 'a' || first > 'z' || p.lengths[first-'a']&(1<<len(run)) == 0 {
		return false
	}
	var folded [maxWord]byte
	for i, c := range run {
		folded[i] = byteFold[c]
	}
	_, ok := p.words[string(folded[:len(run)])]
	return ok
}

// hasBehindDigit looks up what begins behind each digit or dollar sign of a run.
func (p *Prefilter) hasBehindDigit(run []byte) bool {
	for i := 1; i < len(run); i++ {
		if byteClass[run[i]] == letter && byteClass[run[i-1]] == digit && p.has(run[i:]) {
			return true
		}
	}
	return false
}

// The classes of bytes in identifiers; digit stands for the dollar sign too.
const (
	letter = 1
	digit  = 2
)

var (
	byteClass = classifyBytes()
	byteFold  = foldBytes()
)

func classifyBytes() (t [256]byte) {
	for c := range 256 {
		switch {
		case isIdentStart(byte(c)):
			t[c] = letter
		case isIdentPart(byte(c)):
			t[c] = digit
		}
	}
	return t
}

func foldBytes() (t [256]byte) {
	for c := range 256 {
		t[c] = lower(byte(c))
	}
	return t
}
