package parser

// maxNesting bounds the depth of what is given to the grammar, and so of every
// recursion over its tree. Where rawtree goes by way of protobuf, libpg_query writes the
// tree out by recursion on the C stack without a check: there a sum of some 100,000
// terms takes the process down, which nothing in Go can recover from. Measured, this
// many levels fit a C stack of 1 MiB. Threads have 8 MiB with glibc's defaults, but
// 128 KiB with musl, which is therefore no C library for that way.
const maxNesting = 2000

// nesting returns an upper bound, in tokens, for the height of the text's tree; it
// stops counting beyond maxNesting.
//
// Operators lean to the left, so each token of a chain may be a level, until a
// comma, AND or OR ends the chain: lists and conjunctions are flat. UNION and JOIN
// chain across those and are counted for themselves. A bracket is a leaf of the
// chain around it, as high as what is inside.
func nesting(sql string) int {
	l := lexer{sql: sql}
	open := brackets{{}}
	highest := 0
	for t := l.next(); t.kind != endToken; t = l.next() {
		open = open.take(sql[t.start:t.end])
		highest = max(highest, open.top().height())
		if highest > maxNesting || len(open) > maxNesting {
			return maxNesting + 1
		}
	}
	for len(open) > 1 {
		open = open.pop()
	}
	return max(highest, open.top().height())
}

// bracket measures one level of brackets, or of CASE ... END.
type bracket struct {
	chain   int // height of the chain that is being read
	highest int // of the chains before it
	across  int // UNION and JOIN, which outlive a chain
	isCase  bool
}

func (b *bracket) height() int { return max(b.chain, b.highest) + b.across }

func (b *bracket) endChain() { b.highest, b.chain = max(b.highest, b.chain), 0 }

type brackets []bracket

func (s brackets) top() *bracket { return &s[len(s)-1] }

func (s brackets) pop() brackets {
	h := s.top().height()
	s = s[:len(s)-1]
	s.top().chain += h + 1
	return s
}

// take accounts for one token.
func (s brackets) take(text string) brackets {
	switch text {
	case "(", "[":
		return append(s, bracket{})
	case ")", "]":
		return s.closeBracket()
	case ",":
		s.top().endChain()
		return s
	case ";":
		return brackets{{}}
	}
	switch {
	case isWord(text, "case"):
		return append(s, bracket{isCase: true})
	case isWord(text, "end") && s.top().isCase:
		return s.pop()
	case isWord(text, "and"), isWord(text, "or"), isWord(text, "when"), isWord(text, "then"), isWord(text, "else"):
		s.top().endChain()
	case isWord(text, "union"), isWord(text, "except"), isWord(text, "intersect"), isWord(text, "join"):
		s.top().across++
	default:
		s.top().chain++
	}
	return s
}

// closeBracket closes the innermost bracket and what is left open inside.
func (s brackets) closeBracket() brackets {
	for len(s) > 1 && s.top().isCase {
		s = s.pop()
	}
	if len(s) > 1 {
		s = s.pop()
	}
	return s
}

// isWord compares an unquoted word with a lower-case keyword.
func isWord(text, keyword string) bool {
	if len(text) != len(keyword) {
		return false
	}
	for i := range len(text) {
		if lower(text[i]) != keyword[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}
