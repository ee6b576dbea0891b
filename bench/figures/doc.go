// Package figures turns samples into what a comparison says: medians of ratios.
//
// A machine is never twice as fast as itself, so samples of different moments are
// not compared. Rounds go through all peers, each round in another order; a ratio is
// taken within a round, and of the rounds' ratios the median is shown, with the
// smallest and the greatest beside it.
package figures
