// Package fakeswitch is a small real switch for tests of the program's side: it serves the protocol of
// package wire on a socket, grants a region, and moves every frame that is sent on ring N of a port to
// receive ring N of the same port, in plain Go.
//
// It never drops: a full receive ring stops the send ring behind it, so that a test can count on every
// byte. Learning, dropping, several ports and speed belong to the switch itself, package vale.
package fakeswitch
