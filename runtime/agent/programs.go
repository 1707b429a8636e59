package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

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
// a port open, and ended once conn is -1.
type program struct {
	node  *labNode
	conn  int
	watch *watch

	number   int // of the open's entry
	rings    serve.Rings
	endpoint *endpoint
	open     *vale.Open
}

// entry is the name of the open's entry.
func (p *program) entry() string { return strconv.Itoa(p.number) }

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
	request, err := serve.Peek(p.conn)
	if errors.Is(err, serve.ErrNothing) {
		return
	}
	if err == nil {
		err = a.answer(p, request)
	}
	if err != nil { // mostly io.EOF; what else a program brings upon itself is its own affair
		a.endProgram(p)
	}
}

// answer carries out a request. The error is one of the connection.
func (a *agent) answer(p *program, request *serve.Request) error {
	e := a.endpoints[portName(p.node.name, request.Name())]
	switch {
	case request.Asks() && p.open != nil:
		return request.Grant(p.open)
	case request.Asks():
		return request.RefuseUnknown()
	case !request.Opens() && !request.Informs():
		return request.RefuseUnsupported()
	case e == nil:
		return request.RefuseUnknown()
	case request.Informs():
		return request.Describe(e.geometry())
	case p.open != nil:
		return request.Refuse(unix.EBUSY)
	case p.node.opens == maxOpens:
		return request.Refuse(unix.EMFILE)
	}
	if err := a.openPort(p, e, request.Rings(), nil); err != nil {
		return request.Refuse(err)
	}
	a.lastOpen++
	p.number = a.lastOpen
	if err := a.keepOpen(p); err != nil {
		a.report(err, "keep open", e.name())
		a.closePort(p)
		return request.Refuse(err)
	}
	p.node.waiting = slices.DeleteFunc(p.node.waiting, func(other *program) bool { return other == p })
	return request.Grant(p.open)
}

// openPort opens an endpoint for a program, or with files opens it again.
func (a *agent) openPort(p *program, e *endpoint, rings serve.Rings, files *vale.Files) error {
	open, err := serve.Open(e.port, e.Interface, rings, e.geometry(), files)
	if err != nil {
		return err
	}
	p.endpoint, p.open, p.rings = e, open, rings
	before := e.mode()
	e.programs[p] = struct{}{}
	p.node.opens++
	e.fault = ""
	a.publishMode(e, before)
	return nil
}

// keepOpen gives a program's open to the keeper.
func (a *agent) keepOpen(p *program) error {
	files := p.open.Files()
	fds, err := serve.FDs(files.Region, files.Kick, files.Wake)
	if err != nil {
		return err
	}
	record := openRecord{Node: p.endpoint.Node, Interface: p.endpoint.Interface, Rings: p.rings}
	return a.keep(kindOpen, p.entry(), record, append(fds, p.conn)...)
}

// closePort ends a program's open.
func (a *agent) closePort(p *program) {
	e := p.endpoint
	before := e.mode()
	delete(e.programs, p)
	p.node.opens--
	a.report(p.open.Close(), "close port", e.name())
	p.open, p.endpoint = nil, nil
	a.publishMode(e, before)
}

// endProgram ends a program's open, if it has one, and hangs up.
func (a *agent) endProgram(p *program) {
	if p.open != nil {
		a.report(a.store.Delete(entryKey(kindOpen, p.entry())), "forget open", p.endpoint.name())
		a.closePort(p)
	} else {
		p.node.waiting = slices.DeleteFunc(p.node.waiting, func(other *program) bool { return other == p })
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

// restoreOpen opens a program's port again. A program that has died meanwhile
// is noticed at once, by the end of its connection.
func (a *agent) restoreOpen(name string, entry *keeper.Entry) (err error) {
	var record openRecord
	if err := decodeEntry(entry, &record); err != nil {
		return err
	}
	e := a.endpoints[portName(record.Node, record.Interface)]
	n := a.nodes[record.Node]
	if e == nil || n == nil {
		return fmt.Errorf("there is no endpoint %s", portName(record.Node, record.Interface))
	}
	p := &program{node: n, conn: -1}
	if p.number, err = strconv.Atoi(name); err != nil {
		return err
	}
	a.lastOpen = max(a.lastOpen, p.number)
	files := &vale.Files{
		Region: newFile(entry, 0, "region"),
		Kick:   newFile(entry, 1, "kick"),
		Wake:   newFile(entry, 2, "wake"),
	}
	err = a.openPort(p, e, record.Rings, files)
	for _, file := range []*os.File{files.Region, files.Kick, files.Wake} {
		_ = file.Close() // the engine has duplicates
	}
	if err != nil {
		return err
	}
	p.conn = take(entry, 3)
	if err = a.addProgram(p); err == nil {
		err = a.repeatGrant(p)
	}
	if err != nil {
		a.closePort(p)
		a.hangUp(p)
	}
	return err
}

// repeatGrant answers a program whose request the agent before has carried
// out without living to answer it.
func (a *agent) repeatGrant(p *program) error {
	request, err := serve.Peek(p.conn)
	switch {
	case errors.Is(err, serve.ErrNothing), errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case request.Opens():
		return request.Grant(p.open)
	}
	return nil
}
