package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// deployment is the state of one Deploy, shared by its steps.
type deployment struct {
	machine Machine
	lab     state.Dir
	plan    *topology.Plan
	fresh   bool // nothing of the lab existed when Deploy began
	workers int
	agent   Agent

	written   *written
	addresses map[string][]string // that plans have given endpoints, by step
	hosts     knownHosts

	orphan    bool          // an agent was found that works, and has no keeper
	running   agent.Version // of the agent that was found
	network   Network       // set by the lab step; all steps that use it need that one
	inventory inventory     // what the agent has
	pids      pids          // init of each node that runs
	notes     notes
}

func newDeployment(o Options, lab state.Dir, plan *topology.Plan, w *written) *deployment {
	hosts := make(knownHosts)
	for _, p := range append(w.next[:len(w.next):len(w.next)], w.plan, plan) {
		hosts.add(p)
	}
	return &deployment{
		hosts: hosts, machine: o.Machine, lab: lab, plan: plan, fresh: w.plan == nil, workers: o.Workers,
		agent: o.Machine.Agent(lab), written: w, addresses: w.addresses(plan),
	}
}

func (d *deployment) close() {
	if d.network != nil {
		d.network.Close()
	}
	d.agent.Close()
}

// freshSteps turns the plan's steps into the executor's, for a lab of which
// nothing exists. To take back its first step is to take back everything, the
// way Destroy does.
func (d *deployment) freshSteps() []executor.Step {
	steps := make([]executor.Step, len(d.plan.Steps))
	for i := range d.plan.Steps {
		p := &d.plan.Steps[i]
		part := d.part(p)
		steps[i] = executor.Step{ID: p.ID, Needs: p.Needs, Wait: part.wait, Do: part.make, Undo: part.unmake}
		if p.Lab != nil {
			steps[i].Undo = func(ctx context.Context) error { return wipe(ctx, d.machine, d.lab) }
			steps[i].Covers = true
		}
	}
	return steps
}

// part returns how a step of a plan is made and unmade. A plan comes from a
// lab file through topology, from ParsePlan, which checks it, or from what was
// found: its kinds are known.
func (d *deployment) part(p *topology.Step) part {
	switch p.Kind {
	case topology.KindLab:
		return d.labPart()
	case topology.KindSwitch:
		return d.switchPart(p.Switch)
	case topology.KindNode:
		return d.nodePart(p.Node)
	case topology.KindEndpoint:
		return d.endpointPart(p)
	case topology.KindAccess:
		return d.accessPart(p.Access)
	case topology.KindTrunk:
		return d.trunkPart(p.Trunk)
	case topology.KindUplink:
		return d.uplinkPart(p.Uplink)
	case topology.KindStart:
		return d.startPart(p.Start)
	}
	panic(fmt.Sprintf("plan of lab %s: step %s is of unknown kind %q", d.plan.Lab, p.ID, p.Kind))
}

// unless returns what is missing, or "" when it is there.
func unless(there bool, missing string) string {
	if there {
		return ""
	}
	return missing
}

// gone says whether an error tells that a process is no more.
func gone(err error) bool { return errors.Is(err, state.ErrGone) }

// pids remembers the init of each node. It may be used concurrently.
type pids struct {
	mu    sync.Mutex
	known map[string]state.PID
}

func (p *pids) get(node string) (state.PID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pid, ok := p.known[node]
	return pid, ok
}

func (p *pids) set(node string, pid state.PID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = make(map[string]state.PID)
	}
	p.known[node] = pid
}

func (p *pids) drop(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, node)
}
