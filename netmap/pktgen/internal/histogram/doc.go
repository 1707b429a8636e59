// Package histogram keeps a distribution of durations in bounded memory, with
// a relative error under one per cent.
//
// What belongs here: counting and quantiles. What does not: clocks, and how a
// distribution is printed.
package histogram
