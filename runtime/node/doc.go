// Package node runs process nodes: a node without an image is a process in
// network, mount, PID, UTS and IPC namespaces of its own, on the machine's
// own file system.
//
// Process 1 of the node is valelab-init, a small C program inside this very
// binary: Start re-executes the running program with another argv[0], and an
// ELF constructor (boot.c) takes over before the Go runtime starts. So each
// program that links this package, a test binary too, can serve as init. Init
// needs nobody once it runs: it starts the node's command when it is released,
// keeps its output, restarts it, reaps orphans and writes down its status.
// Exec runs further commands in the node through valelab-exec, made the same
// way.
//
// A node is found by its pid file and the marks in its argv ("valelab-init
// LABDIR NODE"), so any process can Find, Release and Kill it, whoever started
// it. Its files are
//
//	LABDIR/nodes/NODE/   what the node may see, at /run/valelab inside it
//	LABDIR/state/NODE/   private: pid, status, config, ctl, log, log.1
//
// Killing the starter at any moment leaves either no process or one that Find
// finds: init takes its configuration from a pipe after the pid file is
// written, and gives up when the pipe ends early.
//
// The node sees the machine's files with these in place of the machine's own:
// /proc, /sys, /dev, /run, /etc/hosts. Other folders that it must not see, the
// state folders among them, are covered. It has Docker's default capabilities.
// This keeps labs apart; it does not hold a hostile root.
//
// Linux 5.10 or newer and glibc are needed.
//
// What belongs here: the life of one node and its inside. What does not:
// links and addresses (package link), what a lab consists of (topology),
// order and undo (runtime), watching (agent).
package node
