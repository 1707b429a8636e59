// Package conformance holds programs that open /dev/netmap to what the netmap module does.
//
// The suite is C, in folder suite: a program that speaks nothing but the interface of netmap(4), with one named
// case for each behaviour. Every case passes on the module; what the user-space switch does differently on
// purpose is two cases, one for each. So the suite says what the switch and the preload library must do, and a
// case that fails there is a fault of theirs, or stands in unserved.txt with the reason.
//
// Here belong the suite, building it and reading what it prints. What does not: bringing up a switch or a lab
// to run it in, which is the tests' of whoever has one.
package conformance
