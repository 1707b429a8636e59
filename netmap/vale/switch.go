package vale

import (
	"fmt"
	"os"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// wirePorts is the number of ports of a wire.
const wirePorts = 2

// Switch is a learning switch, or a wire.
type Switch struct {
	engine *Engine
	name   string
	wire   bool
	worker *worker

	// Under the engine's lock. The core's part is touched by the worker's thread only.
	closed bool
	core   *core.Switch
	state  *stateFile
	ports  map[string]*Port
	used   [core.MaxPorts]bool
}

// NewSwitch makes a switch. A wire has two ports and learns nothing. With state, the file of a switch whose
// engine is no more, it carries on with that one's MAC table and counters; its ports are attached again
// under the names they had. On success the file is the switch's.
func (e *Engine) NewSwitch(name string, wire bool, state *os.File) (*Switch, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fail := func(err error) (*Switch, error) { return nil, fmt.Errorf("switch %s: %w", name, err) }
	if e.closed {
		return fail(ErrClosed)
	}
	if e.err != nil {
		return fail(e.err)
	}
	if e.switches[name] != nil {
		return fail(ErrExists)
	}
	var st *stateFile
	var err error
	if state == nil {
		st, err = createState(name, wire)
	} else {
		st, err = loadState(state, wire)
	}
	if err != nil {
		return fail(err)
	}
	s := &Switch{engine: e, name: name, wire: wire, worker: e.place(), state: st, ports: make(map[string]*Port)}
	s.worker.do(func() { s.core, err = s.worker.core.NewSwitch(st.State) })
	if err != nil {
		if state == nil {
			st.close()
		}
		return fail(err)
	}
	s.worker.switches++
	e.switches[name] = s
	return s, nil
}

// Name is the switch's name.
func (s *Switch) Name() string { return s.name }

// StateFile is the sealed memfd that holds what must survive the process. It belongs to the switch.
func (s *Switch) StateFile() *os.File { return s.state.file }

// Close detaches all ports and ends the switch.
func (s *Switch) Close() error {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.close()
}

func (s *Switch) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	for _, p := range s.ports {
		if p.trunk != nil {
			p.trunk.close()
		} else {
			p.detach()
		}
	}
	s.worker.do(s.core.Free)
	s.worker.switches--
	delete(s.engine.switches, s.name)
	return s.state.close()
}

// moveTo gives a switch without ports another worker.
func (s *Switch) moveTo(w *worker) (err error) {
	if s.closed {
		return ErrClosed
	}
	if s.worker == w {
		return nil
	}
	var moved *core.Switch
	w.do(func() { moved, err = w.core.NewSwitch(s.state.State) })
	if err != nil {
		return err
	}
	s.worker.do(s.core.Free)
	s.worker.switches--
	s.worker, s.core = w, moved
	w.switches++
	return nil
}

// claim finds the index for a port of this name; -1: any. One that the state knows keeps its index.
func (s *Switch) claim(name string, index int) (int, error) {
	limit := core.MaxPorts
	if s.wire {
		limit = wirePorts
	}
	switch {
	case s.closed:
		return 0, ErrClosed
	case name == "" || len(name) > core.MaxName || index >= limit:
		return 0, ErrInvalid
	case s.ports[name] != nil:
		return 0, ErrExists
	}
	free, stale := -1, -1
	for i := range limit {
		known := s.state.Name(i)
		switch {
		case s.used[i]:
		case known == name && (index < 0 || index == i):
			s.used[i] = true
			return i, nil
		case known == "" && free < 0:
			free = i
		case known != "" && stale < 0:
			stale = i // of a port that was not attached again
		}
	}
	if index < 0 {
		if index = free; index < 0 {
			index = stale
		}
	}
	if index < 0 {
		return 0, ErrFull
	}
	if s.used[index] {
		return 0, fmt.Errorf("index %d: %w", index, ErrExists)
	}
	s.worker.do(func() { s.state.Claim(index, name) })
	s.used[index] = true
	return index, nil
}

// add puts a port into the switch, remove takes it out.
func (s *Switch) add(p *Port) {
	s.ports[p.name] = p
	s.engine.order = nil
}

func (s *Switch) remove(p *Port) {
	delete(s.ports, p.name)
	s.engine.order = nil
}

// release frees an index.
func (s *Switch) release(index int) {
	s.worker.do(func() { s.state.Forget(index) })
	s.used[index] = false
}
