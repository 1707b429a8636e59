package runtime

import (
	"errors"
	"fmt"
	"sync"

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
	agent   Agent

	network   Network   // set by the lab step; all steps that use it need that one
	inventory inventory // what the agent had when Deploy began
	pids      pids      // init of each node, set by the node steps
	notes     notes
}

func newDeployment(m Machine, lab state.Dir, plan *topology.Plan, fresh bool) *deployment {
	return &deployment{machine: m, lab: lab, plan: plan, fresh: fresh, agent: m.Agent(lab)}
}

func (d *deployment) close() {
	if d.network != nil {
		d.network.Close()
	}
	d.agent.Close()
}

// steps turns the plan's steps into the executor's.
func (d *deployment) steps() []executor.Step {
	steps := make([]executor.Step, len(d.plan.Steps))
	for i := range d.plan.Steps {
		p := &d.plan.Steps[i]
		s := d.step(p)
		s.ID, s.Needs = p.ID, p.Needs
		steps[i] = s
	}
	return steps
}

// step returns what a step of the plan does. The plan comes from a lab file
// through topology, or from ParsePlan, which checks it: its kinds are known.
func (d *deployment) step(p *topology.Step) executor.Step {
	switch p.Kind {
	case topology.KindLab:
		return d.labStep()
	case topology.KindSwitch:
		return d.switchStep(p.Switch)
	case topology.KindNode:
		return d.nodeStep(p.Node)
	case topology.KindEndpoint:
		return d.endpointStep(p.Endpoint)
	case topology.KindTrunk:
		return d.trunkStep(p.Trunk)
	case topology.KindUplink:
		return d.uplinkStep(p.Uplink)
	case topology.KindStart:
		return d.startStep(p.Start)
	}
	panic(fmt.Sprintf("plan of lab %s: step %s is of unknown kind %q", d.plan.Lab, p.ID, p.Kind))
}

// endpointsOf returns the plan's endpoints of a node.
func (d *deployment) endpointsOf(node string) []*topology.Endpoint {
	var all []*topology.Endpoint
	for i := range d.plan.Steps {
		if e := d.plan.Steps[i].Endpoint; e != nil && e.Node == node {
			all = append(all, e)
		}
	}
	return all
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
