package agent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/keeper"
)

// The bounds of a node, so that its programs leave files to those of others:
// an open takes four in the agent and four in the keeper.
const (
	maxWaiting = 32  // connections that have nothing open
	maxOpens   = 512 // opens
)

// program is a connection from a program in a node. It is waiting until it has
// rings open, and ended once conn is -1.
type program struct {
	node  *labNode
	conn  int
	watch *watch
	open  *serve.Conn

	counted  bool      // it has rings, and is among node.opens
	endpoint *endpoint // whose rings they are; nil: none's
}

// netmapHost is a node to the name space of its programs.
type netmapHost struct {
	agent *agent
	node  *labNode
}

// Endpoint finds an interface of the node.
func (h netmapHost) Endpoint(name string) *serve.Endpoint {
	e := h.agent.endpointAt(h.node, name)
	if e == nil {
		return nil
	}
	found := &serve.Endpoint{Port: e.vale, Geometry: serve.Geometry{Rings: e.Spec.Rings, Slots: e.Spec.Slots}}
	if e.module != nil {
		found.Module = moduleHost{e.module}
	}
	return found
}

// Endpoints names the interfaces of the node.
func (h netmapHost) Endpoints() (names []string) {
	for _, key := range slices.Sorted(maps.Keys(h.agent.endpoints)) {
		e := h.agent.endpoints[key]
		if e.Node != h.node.name {
			continue
		}
		name := e.Interface
		if h.node.guest != nil {
			name = h.node.guest.Names[e.Interface]
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Switch finds a switch of the lab that the node may use.
func (h netmapHost) Switch(name string) *vale.Switch {
	if s := h.agent.accessOf(h.node.name, name); s != nil {
		if l, ok := s.lan.(userLAN); ok {
			return l.Switch
		}
	}
	return nil
}

// ModuleSwitch is Switch for those of netmap's module.
func (h netmapHost) ModuleSwitch(name string) string {
	if s := h.agent.accessOf(h.node.name, name); s != nil {
		if l, ok := s.lan.(*moduleLAN); ok {
			return l.name
		}
	}
	return ""
}

// ModulePorts names what programs get who open endpoints on netmap's module.
func (h netmapHost) ModulePorts() (names []string) {
	for _, e := range h.agent.endpoints {
		if e.Node == h.node.name && e.module != nil {
			names = append(names, e.module.nic(), e.module.host())
		}
	}
	return names
}

// Admit says whether the node may open more.
func (h netmapHost) Admit() error {
	if h.node.opens == maxOpens {
		return unix.EMFILE
	}
	return nil
}

// Keep gives an entry to the keeper.
func (h netmapHost) Keep(kind, name string, record any, fds ...int) error {
	err := h.agent.keep(kind, name, record, fds...)
	h.agent.report(err, "keep "+kind, name)
	return err
}

// Forget takes it back.
func (h netmapHost) Forget(kind, name string) error {
	return h.agent.store.Delete(entryKey(kind, name))
}

// addProgram takes over a connection.
func (a *agent) addProgram(p *program) (err error) {
	if p.watch, err = a.poller.add(p.conn, func() { a.serveProgram(p) }); err != nil {
		return err
	}
	a.programs[p] = struct{}{}
	return nil
}

// serveProgram answers a program's next request, or ends its part when it has
// closed the connection.
func (a *agent) serveProgram(p *program) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.conn < 0 {
		return
	}
	err := p.open.Serve()
	if errors.Is(err, serve.ErrNothing) {
		return
	}
	a.countOpen(p)
	if err != nil { // mostly io.EOF; what else a program brings upon itself is its own affair
		a.endProgram(p)
	}
}

// countOpen notes that a program has opened rings, if it has.
func (a *agent) countOpen(p *program) {
	if p.counted || !p.open.Opened() {
		return
	}
	p.counted = true
	p.node.opens++
	p.node.waiting = slices.DeleteFunc(p.node.waiting, func(other *program) bool { return other == p })
	if p.open.Endpoint() == "" {
		return
	}
	e := a.endpointAt(p.node, p.open.Endpoint())
	if e == nil {
		return
	}
	before := e.mode()
	p.endpoint = e
	e.programs[p] = struct{}{}
	e.fault = ""
	a.publishMode(e, before)
}

// endProgram ends what a program has open, and hangs up.
func (a *agent) endProgram(p *program) {
	a.report(p.open.Close(), "close port of node", p.node.name)
	if p.counted {
		p.counted = false
		p.node.opens--
	} else {
		p.node.waiting = slices.DeleteFunc(p.node.waiting, func(other *program) bool { return other == p })
	}
	if e := p.endpoint; e != nil {
		before := e.mode()
		p.endpoint = nil
		delete(e.programs, p)
		a.publishMode(e, before)
	}
	a.hangUp(p)
}

// hangUp closes a connection that has nothing open.
func (a *agent) hangUp(p *program) {
	p.watch.stop()
	closeFD(p.conn)
	p.conn = -1
	delete(a.programs, p)
}

// endPrograms ends all programs of a node, and what they have made.
func (a *agent) endPrograms(n *labNode) {
	for p := range a.programs {
		if p.node == n {
			a.endProgram(p)
		}
	}
	if n.space != nil {
		n.space.Close()
	}
}

// restoreSpace restores what a node's programs have made: a switch, a persistent
// port, or an attachment.
func (a *agent) restoreSpace(kind string, entry *keeper.Entry) error {
	n, err := a.nodeOfEntry(entry)
	if err != nil {
		return err
	}
	switch kind {
	case serve.KindDevice:
		return n.space.RestoreDevice(entry.Payload)
	case serve.KindAttachment:
		return n.space.RestoreAttachment(entry.Payload)
	}
	state := newFile(entry, 0, "state of a switch of node "+n.name)
	if err := n.space.RestoreBridge(entry.Payload, state); err != nil {
		_ = state.Close()
		return err
	}
	return nil
}

// nodeOfEntry finds the node of what serve has kept.
func (a *agent) nodeOfEntry(entry *keeper.Entry) (*labNode, error) {
	name, err := serve.NodeOf(entry.Payload)
	if err != nil {
		return nil, err
	}
	if n := a.nodes[name]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("there is no node %q", name)
}

// restoreOpen opens a program's rings again. A program that has died meanwhile
// is noticed at once, by the end of its connection.
func (a *agent) restoreOpen(name string, entry *keeper.Entry) (err error) {
	n, err := a.nodeOfEntry(entry)
	if err != nil {
		return err
	}
	files := vale.Files{
		Region: newFile(entry, 0, "region"),
		Kick:   newFile(entry, 1, "kick"),
		Wake:   newFile(entry, 2, "wake"),
	}
	p := &program{node: n, conn: entry.FDs[3]}
	p.open, err = n.space.RestoreOpen(name, entry.Payload, files, p.conn)
	for _, file := range []*os.File{files.Region, files.Kick, files.Wake} {
		_ = file.Close() // the engine has duplicates
	}
	if err != nil {
		return err
	}
	take(entry, 3)
	if err = a.addProgram(p); err == nil {
		err = p.open.Repeat()
	}
	a.countOpen(p)
	if err != nil {
		a.endProgram(p)
	}
	return err
}
