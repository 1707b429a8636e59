// Package link works on network devices through netlink: the veth pairs that
// are a lab's endpoints, and the machine's interfaces that are its uplinks.
//
// An endpoint's pair has one end in the lab's namespace, for the switch, and
// one in the node's, which is the interface that the node sees. The pair is
// made with both ends in place and never passes through the machine's
// namespace.
//
// This package knows devices and namespaces, given as open files. It knows
// nothing of plans, state folders or switches, and keeps no record: who calls
// it has to write down what must be given back.
//
// The time of a call is mostly the kernel's, under one lock for all network
// namespaces, so what counts is how often that lock is taken. A Namespace
// keeps one socket for all its requests, and no call lists devices: a list
// costs time in proportion to the lab.
package link
