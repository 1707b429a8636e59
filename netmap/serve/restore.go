package serve

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/vale"
)

// NodeOf tells whose a record is that was given to Host.Keep.
func NodeOf(record []byte) (string, error) {
	var r struct {
		Node string `json:"node"`
	}
	if err := json.Unmarshal(record, &r); err != nil {
		return "", fmt.Errorf("record: %w", err)
	}
	return r.Node, nil
}

// OpenOrder is the number of an open by the name of its record: a higher one was
// opened later. Opens are restored from the last to the first, since the last
// one knows best what is in use of their memory.
func OpenOrder(name string) int {
	n, _ := strconv.Atoi(name[strings.LastIndexByte(name, '/')+1:])
	return n
}

// RestoreBridge makes a switch again. On success the file is the switch's.
func (s *Space) RestoreBridge(record []byte, state *os.File) error {
	var r bridgeRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if r.Hidden {
		_, err := s.hiddenBridge(r.Name, r.Wire, state)
		return err
	}
	for i := range s.bridges {
		if s.bridges[i] == nil {
			b := &bridge{name: r.Name, ports: make(map[string]*adapter)}
			if err := s.newSwitch(b, state); err != nil {
				return err
			}
			s.bridges[i] = b
			return nil
		}
	}
	return unix.ENOMEM
}

// RestoreDevice makes a persistent port again.
func (s *Space) RestoreDevice(record []byte) error {
	var r deviceRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	a, err := s.adopt(r.Adapter, nil)
	if err != nil {
		return err
	}
	a.persistent = true
	return nil
}

// RestoreOpen opens what a program had open before. The files stay the caller's,
// and so does the connection.
func (s *Space) RestoreOpen(name string, record []byte, files vale.Files, fd int) (*Conn, error) {
	var r openRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	s.lastOpen = max(s.lastOpen, OpenOrder(name))
	restore := &vale.Restore{Files: files, Kept: r.Kept, Bufs: r.Bufs}
	var a *adapter
	var err error
	if r.Adapter.MonitorOf != "" {
		a, err = s.adoptMonitor(r.Adapter, r.Flags)
	} else {
		a, err = s.adopt(r.Adapter, restore)
	}
	if err != nil {
		return nil, err
	}
	defer s.hold(a)()
	c := s.NewConn(fd)
	if err := c.openRings(a, r, nil, restore); err != nil {
		return nil, err
	}
	c.entry = name
	return c, nil
}

// Restored ends what was restored and is used by nobody: the program that used
// it has gone, or could not be restored.
func (s *Space) Restored() {
	for b := range s.hidden {
		s.dropBridge(b)
	}
	for _, b := range s.bridges {
		if b != nil {
			s.dropBridge(b)
		}
	}
}

// Repeat answers a program whose request the server before has carried out
// without living to answer it.
func (c *Conn) Repeat() error {
	q, err := peek(c.fd)
	if q == nil || err != nil || q.Register() == nil {
		return nil // Serve will see to it
	}
	return c.grantAgain(q)
}

// adopt finds the adapter of a record, or makes it again. restore is that of an
// open that needs it, or nil.
func (s *Space) adopt(r adapterRecord, restore *vale.Restore) (*adapter, error) {
	if r.Pipe != nil {
		return s.adoptPipe(r, restore)
	}
	if a := s.adapters[r.Name]; a != nil {
		return a, nil
	}
	m := s.memories[r.Memory]
	if m == nil {
		m = s.addMemory(r.Memory, r.Geometry)
	}
	m.users++
	defer s.leave(m)
	if r.Bridge == "" {
		e := s.host.Endpoint(r.Name)
		if e == nil {
			return nil, fmt.Errorf("there is no endpoint %s", r.Name)
		}
		m.users++
		m.lab = true
		a := &adapter{name: r.Name, spec: r.Spec, memory: m, endpoint: e, port: e.Port}
		s.adapters[r.Name] = a
		return a, nil
	}
	b, err := s.adoptBridge(r.Bridge)
	if err != nil {
		return nil, err
	}
	if a := b.ports[r.Port]; a != nil {
		return a, nil
	}
	m.users++
	a := &adapter{name: r.Name, spec: r.Spec, memory: m, kind: r.Kind, persistent: r.Persistent}
	if err := s.attach(a, b, r.Port, r.Index); err != nil {
		s.leave(m)
		return nil, err
	}
	if r.Device {
		s.adapters[r.Name] = a
	}
	return a, nil
}

// adoptBridge finds the bridge of a record.
func (s *Space) adoptBridge(name string) (*bridge, error) {
	for b := range s.hidden {
		if b.name == name {
			return b, nil
		}
	}
	if b, err := s.openBridge(name, s.host.Switch(name) != nil); err == nil {
		return b, nil
	}
	return nil, fmt.Errorf("there is no switch %s", name)
}

// adoptPipe finds an end of a pipe, or makes the pipe again.
func (s *Space) adoptPipe(r adapterRecord, restore *vale.Restore) (*adapter, error) {
	if a := s.adapters[r.Name]; a != nil {
		return a, nil
	}
	if restore == nil || len(r.Pipe.Holds) != 2 {
		return nil, fmt.Errorf("%w: pipe %s", vale.ErrInvalid, r.Name)
	}
	parent, err := s.adopt(r.Pipe.Parent, nil)
	if err != nil {
		return nil, err
	}
	defer s.hold(parent)()
	holds := []vale.Restore{*restore, *restore}
	for end := range holds {
		holds[end].Kept = r.Pipe.Holds[end]
	}
	p, err := s.newPipe(parent, r.Pipe.ID, r.Pipe.Master, holds)
	if err != nil {
		return nil, err
	}
	return p.ends[r.Pipe.End], nil
}
