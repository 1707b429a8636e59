package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/node"
)

// netmapSocket is the socket in a node's folder that its programs connect to.
const netmapSocket = "netmap.sock"

// labNode is a node of the lab.
type labNode struct {
	name     string
	spec     NodeSpec
	listener int
	accept   *watch
	waiting  []*program // connected, with nothing open yet; oldest first
	opens    int        // of its programs
	space    *serve.Space

	pidfd    int    // of init, or -1
	exit     *watch // of pidfd
	statusID int32  // of the status watch
	watched  bool   // statusID is one
	status   node.Status

	box   *box       // of a node that is a container, else nil
	guest *GuestSpec // of a node that is a guest, else nil

	namespace int // its network namespace, held while it has endpoints on the module; or -1
}

// putNode carries out PUT /v1/nodes/{node}.
func (a *agent) putNode(name string, spec NodeSpec) (created bool, err error) {
	if !nodeName.MatchString(name) {
		return false, invalid("node %q: not a node's name", name)
	}
	if spec.PID < 1 || spec.PID > maxPID {
		return false, invalid("node %s: pid: %d is not a process number", name, spec.PID)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.nodes[name]
	if old.isGuest() {
		return false, conflict("node %s is there already as a guest", name)
	}
	if old != nil && old.status.State != StateGone {
		return false, same(old.spec == spec, "node "+name)
	}
	n := &labNode{name: name, spec: spec, listener: -1, namespace: -1}
	if n.pidfd, err = openInit(spec); err != nil {
		return false, fmt.Errorf("node %s: %w", name, err)
	}
	if n.pidfd < 0 {
		return false, gone("node %s: process %d is gone", name, spec.PID)
	}
	if n.box, err = a.findBox(name); err != nil {
		closeFD(n.pidfd)
		return false, err
	}
	if old != nil {
		a.dropNode(old)
	}
	if err = a.openNode(n); err != nil {
		a.dropNode(n)
		return false, fmt.Errorf("node %s: %w", name, err)
	}
	return true, nil
}

// openNode listens for a node's programs, gives the socket to the keeper and
// puts the node into the model.
func (a *agent) openNode(n *labNode) (err error) {
	if n.listener, err = a.listenNode(n); err != nil {
		return err
	}
	if err = a.addNode(n); err != nil {
		return err
	}
	if err = a.keep(kindNode, n.name, n.spec, n.listener); err != nil || n.box == nil {
		return err
	}
	return a.openBox(n)
}

// listenNode makes netmap.sock.
func (a *agent) listenNode(n *labNode) (int, error) {
	name := n.name
	folder, err := a.openNodeFolder(n)
	if err != nil {
		return -1, err
	}
	defer folder.Close()
	// Whoever is in the node may open ports; nobody else sees the folder.
	fd, err := listen(folder, netmapSocket, unix.SOCK_SEQPACKET, 0o666)
	if err != nil {
		return -1, err
	}
	// Programs send no files: closing them would be the agent's work. Kernels
	// before Linux 6.16 can't refuse them.
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS, 0)
	if err != nil && err != unix.ENOPROTOOPT {
		closeFD(fd)
		return -1, fmt.Errorf("socket of node %s: %w", name, err)
	}
	return fd, nil
}

// openNodeFolder opens what a node sees as /run/valelab. A process node can
// write it, so nothing in it is followed.
func (a *agent) openNodeFolder(n *labNode) (*os.File, error) {
	if n.box != nil {
		return openFolder(docker.Folder(n.box.dir, n.name))
	}
	path := filepath.Join("nodes", n.name)
	if err := unix.Mkdirat(int(a.folder.Fd()), "nodes", 0o700); err != nil && err != unix.EEXIST {
		return nil, fmt.Errorf("make folder nodes: %w", err)
	}
	if err := unix.Mkdirat(int(a.folder.Fd()), path, 0o755); err != nil && err != unix.EEXIST {
		return nil, fmt.Errorf("make folder %s: %w", path, err)
	}
	return openFolderAt(a.folder, path)
}

// addNode starts everything that a node with a listener needs.
func (a *agent) addNode(n *labNode) (err error) {
	a.nodes[n.name] = n
	n.space = serve.NewSpace(a.engine, n.name, netmapHost{a, n})
	if n.accept, err = a.poller.add(n.listener, func() { a.acceptPrograms(n) }); err != nil {
		return err
	}
	if n.pidfd < 0 && n.box == nil {
		n.status = node.Status{State: StateGone}
		return nil
	}
	if n.pidfd >= 0 { // a container may be down, and come up again
		if n.exit, err = a.poller.add(n.pidfd, func() { a.nodeEnded(n) }); err != nil {
			return err
		}
	}
	// Watch first, then read: no change is missed.
	if n.statusID, err = a.status.add(n.name, filepath.Join(a.labDir, "state", n.name)); err != nil {
		return err
	}
	n.watched = true
	n.status, err = node.ReadStatus(a.labDir, n.name)
	if errors.Is(err, node.ErrGone) { // init has not written any yet
		n.status, err = node.Status{State: node.Waiting}, nil
	}
	return err
}

// deleteNode carries out DELETE /v1/nodes/{node}.
func (a *agent) deleteNode(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.nodes[name]
	if n == nil {
		return nil
	}
	for _, e := range a.endpoints {
		if e.Node == name {
			return conflict("node %s has the endpoint %s", name, e.name())
		}
	}
	if n.box != nil {
		if err := a.store.Delete(entryKey(kindGate, name)); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	if err := a.dropAccesses(name); err != nil {
		return err
	}
	kind := kindNode
	if n.guest != nil {
		kind = kindGuest
	}
	if err := a.store.Delete(entryKey(kind, name)); err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	a.dropNode(n)
	return nil
}

// dropNode takes a node out of the model and closes what it has.
func (a *agent) dropNode(n *labNode) {
	if a.nodes[n.name] == n {
		delete(a.nodes, n.name)
	}
	a.endPrograms(n)
	a.dropNamespace(n)
	n.accept.stop()
	closeFD(n.listener)
	a.unwatchNode(n)
	a.dropBox(n)
}

// unwatchNode stops watching a node's init and status.
func (a *agent) unwatchNode(n *labNode) {
	n.exit.stop()
	closeFD(n.pidfd)
	n.exit, n.pidfd = nil, -1
	if n.watched {
		a.status.remove(n.statusID)
		n.watched = false
	}
}

// nodeEnded is called when a node's init has ended, and with it all of the
// node's processes. A container may be started again; how it has ended, and
// what follows, the engine tells.
func (a *agent) nodeEnded(n *labNode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes[n.name] != n || n.pidfd < 0 {
		return
	}
	if n.box != nil {
		n.exit.stop()
		closeFD(n.pidfd)
		n.exit, n.pidfd = nil, -1
		a.dropNamespace(n)
		return
	}
	a.unwatchNode(n)
	a.dropNamespace(n)
	n.status.State = StateGone
	n.status.PID = 0
	a.hub.publish(Event{Kind: EventNode, Node: n.name, State: string(StateGone)})
}

// statusChanged is called when a node's init has written its status, or a deploy
// that a container is released.
func (a *agent) statusChanged(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.nodes[name]
	if n == nil || !n.watched {
		return
	}
	if n.box != nil { // its status is the agent's own word
		if n.box.visitor != nil {
			go a.serveGate(n)
		}
		return
	}
	status, err := node.ReadStatus(a.labDir, name)
	if err != nil {
		a.report(err, "read status", name) // init writes it whole, so it is for others to see
		return
	}
	changed := n.status.State != status.State || n.status.Restarts != status.Restarts
	n.status = status
	if changed {
		a.hub.publish(Event{Kind: EventNode, Node: name, State: string(status.State)})
	}
}

// restoreNode makes a node again.
func (a *agent) restoreNode(name string, entry *keeper.Entry) (err error) {
	n := &labNode{name: name, listener: -1, namespace: -1}
	if err := decodeEntry(entry, &n.spec); err != nil {
		return err
	}
	if n.box, err = a.findBox(name); err != nil {
		return err
	}
	if n.pidfd, err = openInit(n.spec); err != nil {
		return err
	}
	n.listener = take(entry, 0)
	if err := a.addNode(n); err != nil {
		a.dropNode(n)
		return err
	}
	return nil
}
