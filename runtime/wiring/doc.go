// Package wiring says what an endpoint of a plan is as network devices: how
// its device in the lab's namespace is called, and the pair that package link
// makes. Whoever makes an endpoint's devices goes by it: a deploy, and the agent
// when a container has been restarted.
package wiring
