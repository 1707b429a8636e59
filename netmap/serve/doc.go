// Package serve is netmap's control side for the programs of one node: it reads
// what they ask for and answers as the netmap module would.
//
// A Space is what netmap is to a node. Its names are
//
//	eth1          an endpoint: a port of one of the lab's switches
//	vale1:x       port x of switch vale1, which is the node's own, or one of the
//	              lab's if the lab allows it; both last as long as they are open
//	pv            a persistent port (VALE_NEWIF), alone or on a switch or two
//	              (VALE_ATTACH); endpoints can be on a second one, too
//	eth1{3 eth1}3 the two ends of a pipe in the memory of eth1, which is made if
//	              there is none
//
// An open of any of these may be watched by monitors: opens of the same name with
// netmap's flags for it. A copy monitor gets copies, in a memory of its own. A
// zero-copy monitor lies in the memory of the port and exchanges buffers with it:
// the programs of both can write all of it, as netmap has it of everything that
// shares a memory.
//
// Memory regions go by small numbers. None of it is seen from another node.
//
// A Conn is an open of netmap's device. A request stays in the socket until it
// is answered: a server that is killed in between leaves it to the one that
// gets the socket after it, and a program waits a little longer instead of for
// ever. What must be known to go on after that is given to the Host, and comes
// back by the Restore methods.
//
// # What is not there
//
// Answered EOPNOTSUPP: what a module built without it has not either: external
// memory, CSB mode and the sync loop. A port is not attached to a switch that its
// frames reach already (EBUSY): the module would send them round for ever.
//
// What belongs here: what requests mean, names, and lifetimes. What does not:
// the bytes of the messages (an internal package of netmap), rings and frames
// (package vale), listening, and what a node's endpoints are.
package serve
