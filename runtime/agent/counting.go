package agent

import (
	"errors"

	"github.com/valelab/valelab/netmap/counting"
	"github.com/valelab/valelab/runtime/sample"
)

// CountingSpec is the body of PUT /v1/counting.
type CountingSpec struct{}

// startCounting carries out PUT /v1/counting: from now on until the agent's end, the kernel counts what programs move
// through rings of netmap's module.
func (a *agent) startCounting() (created bool, err error) {
	a.mu.Lock()
	counts := a.counter != nil
	useful := false
	for _, s := range a.switches {
		useful = useful || s.spec.Kernel
	}
	a.mu.Unlock()
	switch {
	case counts:
		return false, nil
	case !useful:
		return false, conflict("lab %s has no switch of netmap's module: all that the user-space switch counts is exact already", a.name())
	}
	counter, err := counting.Start() // reads the kernel's types, which takes a while
	if errors.Is(err, counting.ErrNoTypes) {
		return false, &StatusError{Status: 409, Problem: Problem{
			Error: "packets of programs can't be counted: " + err.Error(),
			Hint:  "build the module where pahole and the kernel's vmlinux are, and load that; " + counting.Types + " is there then",
		}}
	}
	if err != nil {
		return false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counter != nil { // another one was quicker
		return false, counter.Close()
	}
	a.counter = counter
	return true, nil
}

// addMoved adds to the rings of a port what was counted of them. What the kernel does not tell is not known.
func (a *agent) addMoved(rings []sample.Ring, h *peephole) {
	if a.counter == nil || h.window == nil {
		return
	}
	for i := range rings {
		r := &rings[i]
		if n, err := a.counter.Count(countedRing(h.window.Memory(), r.Ring, r.Dir == "tx")); err == nil && !r.Host {
			r.Moved = &n
		}
	}
}

// forgetMoved has the rings of a port that a program has just opened begin at 0.
func (p *modulePort) forgetMoved() {
	a := p.agent
	if a.counter == nil {
		return
	}
	if _, err := p.holes[0].look(p.nic()); err != nil {
		a.report(err, "look into rings of", p.name)
		return
	}
	for id := range p.endpoint.Spec.Rings {
		for _, tx := range []bool{true, false} {
			a.report(a.counter.Forget(countedRing(p.holes[0].window.Memory(), id, tx)), "count rings of", p.name)
		}
	}
}

func countedRing(memory uint16, id int, tx bool) counting.Ring {
	r := counting.Ring{Memory: memory, ID: uint32(id)}
	if tx {
		r.Tx = 1
	}
	return r
}
