// Package protocol is Docker's protocol for network plugins, the plugin's side:
// JSON in POST requests over a Unix socket.
//
// A [Handler] answers a set of [Methods]. What is the same for all of them is
// here: bounds, a deadline, panics, the log, and what an engine makes of each
// kind of answer:
//
//	200 and {"Err": "..."}    the user sees the text
//	400, 404, 413             the engine reports it and does not try again
//	connection closed         the engine repeats the request for 15 seconds,
//	                          with an empty body: such a one is answered 400
//	no answer                 the engine waits for ever; so there always is one
//
// The field names are those of the engine's own types. Requests of engines 20.10
// to 29 are read; fields that are missing are zero, unknown ones are ignored.
//
// What belongs here: bytes and HTTP. What does not: what a network is.
package protocol
