// Package pktgen is the traffic programs behind `valelab pktgen`: they send,
// receive, answer and forward frames through netmap ports.
//
// Each program is a struct that says what to do (Tx, Rx, Ping, Pong, Forward)
// with a Run method that does it until the work is done or the context is
// cancelled, and returns a summary either way: a cancelled run is a finished
// run, not an error. Main maps a command line to one of them and prints what
// it reports.
//
// Everything uses the public API of package netmap and nothing else of a
// switch: the programs double as examples of it. The bytes of frames, the
// accounting of sequence numbers, histograms and pacing live in packages of
// their own below internal/.
//
// The programs print, log and catch signals nowhere but in Main, and there
// only to the writers it is given.
package pktgen
