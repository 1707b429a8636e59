// Package plugin is the network plugin of the Docker engine: networks whose
// switches are valelab's, for containers that no lab file knows.
//
// All networks of a plugin are one lab, which has the plugin's name: a keeper, an
// agent with the switches, a network namespace with the switches' ends of the
// containers' interfaces. So what serves labs serves networks, and survives what
// labs survive. The plugin is what an engine talks to; it may end and begin again
// while traffic flows.
//
//	engine ──socket──> plugin serve ──agent.sock──> agent: switches
//	                        │ veth                      │
//	   container: eth0 <────┴──── lab's namespace <─────┘
//
// # What is written down
//
// Networks are written where they outlive a reboot, endpoints with the lab, with
// which they go. Both are also what the engine says: a plugin compares them with
// it in the background, never while a request is answered, since an engine that
// starts may wait for the plugin. What the engine has and we have not is taken
// over; what it has not any more is removed. Devices carry notes by which those
// that nobody wrote down are found.
//
// # Requests
//
// Each may come twice, late, never, for things that are not there, and while
// another one of the same network is under way; each network has a lock.
// No request touches the namespace of a container, which is not there yet at
// Join on engines before 28: what an interface is to be like it is before it is
// handed over. Only heal goes in there, when devices were lost with the keeper.
//
// What belongs here: what a network is, its options, its records, reconciliation.
// What does not: HTTP (package protocol), the engine's API (package docker),
// moving frames.
package plugin
