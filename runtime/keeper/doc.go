// Package keeper is the process that holds what must outlive an agent.
//
// The keeper is C, one thread, without the Go runtime: a process of this
// binary whose argv[0] is "valelab-keeper" becomes one in an ELF constructor.
// It makes the lab's network namespace and keeps it alive with an open file,
// runs the agent in it, starts another within a second when one dies, and
// holds a bounded store of entries: files with a few bytes under a key. A new
// agent gets them all back.
//
// What belongs here: the C program, [Start] for whoever deploys a lab, and
// [Connect] with the [Store] for the agent. What does not: what the entries
// mean (package agent), and how a keeper is found and ended again (package
// runtime, by its pid file or the mark in its arguments; SIGTERM ends it, its
// agent and everything that they hold).
//
//	deploy ──Start──▶ keeper ──fork, exec──▶ agent
//	                  entries ◀──SEQPACKET── Store
package keeper
