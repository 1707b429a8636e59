// Package standalone runs user-space VALE switches without a lab: their ports
// have no network device, only programs. Benchmarks use it, and tests that
// need more than one port.
//
// Programs open the ports through a socket by the usual protocol. Who may open
// what, restarts and devices are a lab's business: package runtime/agent.
package standalone
