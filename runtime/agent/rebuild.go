package agent

import (
	"fmt"
	"os"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/runtime/wiring"
	"github.com/valelab/valelab/topology"
)

// readPlan reads the plan that the lab was deployed from.
func readPlan(dir state.Dir) (*topology.Plan, error) {
	data, err := os.ReadFile(dir.Plan())
	if err != nil {
		return nil, err
	}
	return topology.ParsePlan(data)
}

// rebuild brings the endpoints of a container that has been restarted back,
// as the plan has them, and makes its new process the node's. What is there and
// right is left, so that it may be tried again.
func (a *agent) rebuild(n *labNode, v *visitor) error {
	plan, err := readPlan(n.box.dir)
	if err != nil {
		return err
	}
	inside, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", v.spec.PID))
	if err != nil {
		return err
	}
	defer inside.Close()
	// Checked after opening, the number can't have come to mean another process.
	if start, err := state.StartTime(v.spec.PID); err != nil || start != v.spec.StartTime {
		return fmt.Errorf("process %d: %w", v.spec.PID, state.ErrGone)
	}
	lab, err := link.Current()
	if err != nil {
		return err
	}
	defer lab.Close()
	for i := range plan.Steps {
		if p := plan.Steps[i].Node; p != nil && p.Name == n.name {
			first := state.PID{Number: v.spec.PID, Start: v.spec.StartTime}
			// A container may have done without the file: no reason to stop it.
			a.report(docker.RestoreHosts(n.box.dir, n.name, first, p.Hosts), "names", n.name)
		}
		e := plan.Steps[i].Endpoint
		if e == nil || e.Node != n.name {
			continue
		}
		pair, err := wiring.Pair(e, nil)
		if err != nil {
			return err
		}
		if _, err := lab.AddPair(pair, inside); err != nil {
			return err
		}
		if err := a.rebind(e); err != nil {
			return err
		}
	}
	return a.adopt(n, v)
}

// rebind gives an endpoint's port the device that was made anew under the old
// one's name. Its counters go on. One that the agent does not have is a
// deploy's to make.
func (a *agent) rebind(planned *topology.Endpoint) error {
	name := portName(planned.Node, planned.Interface)
	a.mu.Lock()
	e := a.endpoints[name]
	known := e != nil && deviceFault(a.lab, e.Spec.Device, e.At) != ""
	var device string
	if known {
		device = e.Spec.Device
	}
	a.mu.Unlock()
	if !known {
		return nil
	}
	sock, index, err := a.openEndpoint(EndpointSpec{Switch: planned.Switch, Device: device})
	if err != nil {
		return err
	}
	a.mu.Lock()
	old, err := a.exchange(name, e, sock, index)
	a.mu.Unlock()
	closeFD(old) // without the lock: the kernel takes its time
	return err
}

// exchange gives an endpoint another socket. It returns the one to be closed.
func (a *agent) exchange(name string, e *endpoint, sock, index int) (old int, err error) {
	if a.endpoints[name] != e {
		return sock, nil // it was taken away meanwhile
	}
	for p := range e.programs {
		a.endProgram(p)
	}
	if err := e.port.Rebind(sock, e.Spec.MTU); err != nil {
		return sock, err
	}
	old, e.sock = e.sock, sock
	e.At.IfIndex = index
	e.fault = ""
	return old, a.keep(kindEndpoint, name, e.endpointRecord, sock)
}

// adopt makes the visitor the node's process.
func (a *agent) adopt(n *labNode, v *visitor) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes[n.name] != n || n.box.visitor != v {
		return fmt.Errorf("process %d is gone", v.spec.PID)
	}
	if n.spec == v.spec {
		return nil
	}
	pidfd, err := openInit(v.spec)
	if err != nil {
		return err
	}
	if pidfd < 0 {
		return fmt.Errorf("process %d: %w", v.spec.PID, state.ErrGone)
	}
	n.exit.stop()
	closeFD(n.pidfd)
	n.exit, n.pidfd = nil, pidfd
	if n.exit, err = a.poller.add(pidfd, func() { a.nodeEnded(n) }); err != nil {
		return err
	}
	n.spec = v.spec
	status := n.status
	status.Restarts++
	status.Health = ""
	a.setStatus(n, status)
	if err := a.keep(kindNode, n.name, n.spec, n.listener); err != nil {
		return err
	}
	pid := state.PID{Number: v.spec.PID, Start: v.spec.StartTime}
	return docker.WriteRecord(n.box.dir, n.name, n.box.id, pid)
}
