// Package runtime carries plans out on this machine: it deploys a lab, takes
// it down again, and tells what runs.
//
// A plan's steps become steps of a graph that package executor runs; each can
// be done, undone and observed. What a step touches lies behind [Machine], so
// that a whole deploy and destroy runs in memory too (package runtimetest).
//
// Here is what holds for whole labs: the order of things, ownership, the lock,
// what happens on failure. How a single object is made belongs to the packages
// below: state (folders, marks), link (network devices), node and cgroup
// (process nodes), docker (containers), wiring (what an endpoint is as devices),
// keeper and agent (what stays when deploy has ended).
// Lab files are package topology's, output is the command line's; nothing here
// logs or prints.
package runtime
