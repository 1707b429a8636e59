// Package cgroup keeps the control groups of a lab's process nodes.
//
// Each node has one group, <mount>/valelab/<lab>/<node>, in the cgroup2
// hierarchy where the machine has one, and one of the same name in each
// version 1 hierarchy that a limit of the node needs (hybrid machines). Labs
// of a state root other than the default have "valelab-" and eight hex digits
// of the root's hash in place of "valelab". The path is the ownership mark:
// what lies below it is the lab's, and nothing else is ever touched.
//
// What belongs here: finding the hierarchies, making and removing groups,
// limits, and the processes in them. What does not: starting processes
// (package node) and deciding which limits a node has (package topology).
package cgroup
