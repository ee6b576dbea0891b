// Package grammar proves that the texts which the parser reads by their tokens, being
// newer than its grammar, are texts that real servers accept, and which of them do.
package grammar
