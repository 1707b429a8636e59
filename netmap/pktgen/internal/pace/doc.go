// Package pace says how many packets a sender may send now to keep a rate. It
// knows no clock: the caller says what time it is.
package pace
