// Package sample is one look at a lab: the counters of every ring and the state of every node, and what
// follows from two such looks.
//
// One struct, [Sample], feeds everything that shows counters: the agent makes it, `valelab stats` prints it,
// [WriteMetrics] turns it into the text that Prometheus reads, and `valelab top` draws it. So they can't
// disagree.
//
// What belongs here: the struct, rates and baselines, its forms as text, and the stream by which the agent
// sends many of them ([Encoder], [Decoder]). What does not: where the numbers come from (package agent), and
// how a screen looks. The package is pure: it asks no clock, no file and no socket.
//
// What a backend can't know is left out, never 0: the parts of a [Ring] that may be unknown are pointers.
package sample
