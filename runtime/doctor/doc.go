// Package doctor says what this machine can do for labs: a line for each thing that they use, with what to do where it
// is missing.
//
// How the machine is looked at stands behind [Probes], so that every line's every outcome can be tested anywhere: files
// come from a file system, all else from functions. Nothing is changed; what a probe makes, such as a network namespace
// with a veth in it, is gone when it returns.
//
// Here belong the questions and what the answers mean. What does not: how it looks on a terminal, and what a lab's own
// file needs, which deploy finds out.
package doctor
