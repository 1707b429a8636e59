package agent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/docker/entry"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
)

// gatePause is the time between two attempts to let a container go on.
const gatePause = 100 * time.Millisecond

// acceptVisitor accepts what waits at a container's gate. Anything in the
// container may connect; only its process 1 becomes the visitor.
func (a *agent) acceptVisitor(n *labNode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes[n.name] != n || n.box.closed {
		return
	}
	conn, _, err := unix.Accept4(n.box.gate, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		if err == unix.EMFILE || err == unix.ENFILE {
			a.report(err, "accept container", n.name)
		}
		return
	}
	go func() {
		spec, err := n.box.identify(conn)
		if err == nil {
			err = a.welcome(n, &visitor{conn, spec})
		}
		if err != nil {
			a.report(err, "process at the gate", n.name)
			closeFD(conn)
		}
	}()
}

// identify returns the process that is connected. It must be process 1 of the
// node's container: the kernel says who has connected, and in which container's
// control group that process is.
func (b *box) identify(conn int) (NodeSpec, error) {
	peer, err := unix.GetsockoptUcred(conn, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return NodeSpec{}, err
	}
	pid := int(peer.Pid)
	start, err := state.StartTime(pid)
	if err != nil {
		return NodeSpec{}, err
	}
	if !isFirst(pid) {
		return NodeSpec{}, fmt.Errorf("process %d is not the first of its container", pid)
	}
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return NodeSpec{}, err
	}
	if !docker.InContainer(groups, b.id) {
		return NodeSpec{}, fmt.Errorf("process %d is not in the container", pid)
	}
	// All of it was said of one process if that one is still the same.
	if again, err := state.StartTime(pid); err != nil || again != start {
		return NodeSpec{}, fmt.Errorf("process %d is gone", pid)
	}
	return NodeSpec{PID: pid, StartTime: start}, nil
}

// isFirst says whether a process is number 1 of a PID namespace right below the
// machine's.
func isFirst(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, rest, ok := bytes.Cut(status, []byte("\nNSpid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	numbers := bytes.Fields(line)
	return ok && len(numbers) == 2 && string(numbers[1]) == "1"
}

// welcome makes a process the visitor, in the place of one before it, and
// serves the gate.
func (a *agent) welcome(n *labNode, v *visitor) error {
	a.mu.Lock()
	if a.nodes[n.name] != n || n.box.closed {
		a.mu.Unlock()
		return fmt.Errorf("the node is gone")
	}
	if old := n.box.visitor; old != nil {
		closeFD(old.conn)
	}
	n.box.visitor = v
	a.mu.Unlock()
	a.serveGate(n)
	return nil
}

// serveGate lets the visitor go on once that may be. It returns when there is
// nothing more to do; a release and the next visitor call it again.
func (a *agent) serveGate(n *labNode) {
	b := n.box
	b.turn.Lock()
	defer b.turn.Unlock()
	for {
		a.mu.Lock()
		v, known := b.visitor, n.spec
		open := v != nil && !b.closed && b.released(n.name)
		first := open && n.status.State == node.Waiting && v.spec == known
		a.mu.Unlock()
		if !open {
			return
		}
		err := a.prepare(n, v, first)
		if err == nil {
			a.letGo(n, v)
			return
		}
		a.report(err, "endpoints of container", n.name)
		if hungUp(v.conn) {
			a.dismiss(b, v)
			return
		}
		time.Sleep(gatePause)
	}
}

// prepare does what goes before a start: the startup delay of the first one,
// the endpoints of every other.
func (a *agent) prepare(n *labNode, v *visitor, first bool) error {
	if !first {
		return a.rebuild(n, v)
	}
	plan, err := readPlan(n.box.dir)
	if err != nil {
		return err
	}
	for i := range plan.Steps {
		if p := plan.Steps[i].Node; p != nil && p.Name == n.name && p.StartupDelay > 0 {
			ctx, cancel := context.WithTimeout(context.Background(), p.StartupDelay)
			defer cancel()
			awaitHangUp(ctx, v.conn)
		}
	}
	return nil
}

// letGo sends the word. A visitor that has gone meanwhile is followed by
// another one, or by none.
func (a *agent) letGo(n *labNode, v *visitor) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := n.box
	if b.visitor != v || b.closed {
		return
	}
	_, err := unix.Write(v.conn, []byte{entry.Go})
	closeFD(v.conn)
	b.visitor = nil
	if err != nil {
		return
	}
	status := n.status
	status.State, status.PID, status.Since = node.Running, 1, time.Now()
	a.setStatus(n, status)
}

// dismiss closes the connection of a visitor that has gone.
func (a *agent) dismiss(b *box, v *visitor) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b.visitor == v {
		closeFD(v.conn)
		b.visitor = nil
	}
}

// setStatus writes down what a container's command does, for whoever would read
// what the init of a process node writes.
func (a *agent) setStatus(n *labNode, status node.Status) {
	changed := n.status.State != status.State || n.status.Restarts != status.Restarts
	n.status = status
	a.report(node.WriteStatus(a.labDir, n.name, status), "write status", n.name)
	if changed {
		a.hub.publish(Event{Kind: EventNode, Node: n.name, State: string(status.State)})
	}
}

// hungUp says whether the other side of a connection has closed it.
func hungUp(conn int) bool {
	poll := []unix.PollFd{{Fd: int32(conn), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0 && poll[0].Revents != 0
}

// awaitHangUp returns when the other side has closed, or ctx ends.
func awaitHangUp(ctx context.Context, conn int) {
	for ctx.Err() == nil && !hungUp(conn) {
		select {
		case <-ctx.Done():
		case <-time.After(gatePause):
		}
	}
}

// ended says whether the process behind a pidfd has ended.
func ended(pidfd int) bool {
	poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0
}
