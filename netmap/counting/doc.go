// Package counting has the kernel count what goes through the rings of ports on netmap's module, which keeps no counters:
// eBPF programs at the functions by which the module syncs them look how far a ring has come.
//
// It needs the types of the module's structures (BTF), which it has if it was built where the kernel's are at hand. Nothing
// is guessed: without them there is no counting.
//
// What belongs here: the programs, and reading what they count. What does not: whose ports these are.
package counting
