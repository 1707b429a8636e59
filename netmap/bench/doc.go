// Command bench measures the user-space switch as a lab uses it: a sender, a
// receiver and a switch, each a process of its own, that share memory.
//
// Rates between processors mean little by themselves, so each round also
// measures, next to it in time, what the machine can do at all: how fast one
// processor copies 64-byte frames from ring to ring, and how long a cache line
// takes from one processor to another and back. On virtual machines the latter
// changes by a factor of three from minute to minute; rounds are classed by
// it, and medians are those of each class.
//
// The programs are those of package pktgen and the switch is package vale, by
// the protocol that nodes use; only the lab around them is missing. There is
// nothing to pass or fail here: it prints, people judge.
package main
