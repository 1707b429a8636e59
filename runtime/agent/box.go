package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/docker/entry"
	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// box is what a node that is a container has besides. Its process 1 waits at
// the gate, each time that the container starts, until the agent lets it go on:
//
//	container starts -> visitor at the gate -> (first start: released by deploy)
//	  -> (restart: endpoints made anew) -> let go
//
// Until a node is released it belongs to the deploy that makes it; from then on
// the agent brings its endpoints back. A deploy that wants it back deletes it.
type box struct {
	dir    state.Dir
	id     string // of the container
	gate   int    // the listening socket
	accept *watch

	turn sync.Mutex // one goroutine at a time serves the gate

	// Under the agent's lock.
	visitor *visitor
	closed  bool
}

// visitor is process 1 of a container that has just started. The one that came
// last is the container's; its connection is the agent's to close.
type visitor struct {
	conn int
	spec NodeSpec
}

// findBox returns the box of a node that is a container, or nil.
func (a *agent) findBox(name string) (*box, error) {
	dir, err := state.OpenLab(filepath.Dir(a.labDir), a.name())
	if errors.Is(err, state.ErrBadName) {
		return nil, nil // no lab that has containers is called so
	}
	if err != nil {
		return nil, err
	}
	record, err := docker.ReadRecord(dir, name)
	if errors.Is(err, docker.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &box{dir: dir, id: record.ID, gate: -1}, nil
}

// openBox makes the gate of a new container node and gives it to the keeper, so
// that a container that starts while no agent runs is served by the next one.
func (a *agent) openBox(n *labNode) error {
	folder, err := openFolder(docker.Folder(n.box.dir, n.name))
	if err != nil {
		return err
	}
	defer folder.Close()
	if n.box.gate, err = listen(folder, entry.Gate, unix.SOCK_STREAM, 0o666); err != nil {
		return err
	}
	if err := a.addBox(n); err != nil {
		return err
	}
	return a.keep(kindGate, n.name, struct{}{}, n.box.gate)
}

// addBox starts everything that a container node with a gate needs.
func (a *agent) addBox(n *labNode) (err error) {
	if n.box.accept, err = a.poller.add(n.box.gate, func() { a.acceptVisitor(n) }); err != nil {
		return err
	}
	a.watchEngine(n.box.dir)
	return nil
}

// restoreGate gives a node that was restored its gate back.
func (a *agent) restoreGate(name string, kept *keeper.Entry) error {
	if err := decodeEntry(kept, &struct{}{}); err != nil {
		return err
	}
	n := a.nodes[name]
	if n == nil || n.box == nil || n.box.gate >= 0 {
		return fmt.Errorf("there is no container node %q", name)
	}
	n.box.gate = take(kept, 0)
	return a.addBox(n)
}

// dropBox closes what a container node has.
func (a *agent) dropBox(n *labNode) {
	b := n.box
	if b == nil {
		return
	}
	b.closed = true
	b.accept.stop()
	closeFD(b.gate)
	b.accept, b.gate = nil, -1
	if b.visitor != nil {
		closeFD(b.visitor.conn)
		b.visitor = nil
	}
}

// released says whether a deploy has let the node's command go.
func (b *box) released(name string) bool {
	_, err := os.Lstat(b.dir.Released(name))
	return err == nil
}
