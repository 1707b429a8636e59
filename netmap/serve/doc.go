// Package serve is the switch's side of a program's connection: it reads what
// a program asks for and answers with a port of package vale.
//
// A request stays in the socket until it is answered. A server that is killed
// in between leaves it to the one that gets the socket after it, and a program
// waits a little longer instead of for ever.
//
// What belongs here: requests and answers on one connection that does not
// block. What does not: the bytes of the messages (an internal package of
// netmap), listening, and which program may open what: the caller looks up the
// name that a program gives.
package serve
