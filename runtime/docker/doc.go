// Package docker runs the nodes of a lab that are containers, through the
// Docker Engine's API. No other package speaks to the engine.
//
// A container is made with [Engine.Start] and found again by two marks: labels
// on the container, for whoever asks the engine, and a record in the node's
// state folder ([ReadRecord]), for whoever only wants to know whether it runs.
// A container without this lab's labels is never touched.
//
//	LASTING/bin/       the running valelab, read only in every container at /run/valelab/bin
//	LASTING/nodes/NODE what the container sees at /run/valelab: gate.sock, netmap.sock
//	LABDIR/state/NODE  private: container.json, status
//
// LASTING, state.Dir.Lasting, outlives a reboot, since the engine may start a
// container before anything of valelab runs. Folders are bound, never files: a
// file that is replaced would stay the old one inside.
//
// Process 1 of a container is package entry until its endpoints are there. Who
// lets it go on, and brings the endpoints back after a restart, is the agent.
//
// The engine is asked little: Start takes three requests, Remove one a
// container and one for all; [Find] takes none. An Engine connects when it is
// first used, so that a lab without containers needs none.
//
// What belongs here: everything that knows the engine's API. What does not:
// devices and addresses (package link), the order of things (runtime), what
// follows from an event (agent).
package docker
