// Package runtimetest is a machine in memory, on which labs are deployed and
// destroyed without root, namespaces, processes or an agent.
//
// It keeps the rules that deploy and destroy rely on: a switch with ports can't
// be removed, a node's devices go with its namespace, a lab's with its last
// holder, and what was not made can't be used. It moves no frames. Faults and
// interruptions come from the test, through [Machine.Hook].
package runtimetest
