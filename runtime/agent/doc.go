// Package agent is the process that hosts a lab's switches, and the client of
// its API.
//
// The agent runs in the lab's network namespace as a child of the lab's keeper
// (package keeper). It hosts an engine of package vale, makes ports of the
// devices that it is told of, answers the programs in the nodes that open
// them, watches the nodes, counts, and serves JSON over HTTP on agent.sock in
// the lab's state folder. API.md documents every request.
//
// What belongs here: [Main], the process; the types of the API; the [Client].
// What does not: moving frames (package vale), what programs and switch say to
// each other (package serve), making namespaces, devices and processes
// (package runtime and those below it).
//
// # What survives
//
// Nothing precious is in the agent. Whatever it makes, it gives to the keeper
// before it answers the request: a switch's state, a port's socket, a node's
// listening socket, the memory, eventfds and connection of a program's open,
// the API's own listening socket; each with a few bytes of JSON (file
// entries.go). An agent that starts rebuilds everything from these entries,
// and needs no lab file. Programs and sockets carry on where they were.
//
// # Concurrency
//
// One mutex guards the agent's model. Everything that blocks for longer than a
// few system calls (opening and closing packet sockets, serving a stream) is
// done without it. An agent that has nothing to do does nothing: no timers,
// one goroutine for all files of all nodes.
package agent
