package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Trunk links two switches: one port at each, and a queue of frames each way.
type Trunk struct {
	engine *Engine
	a, b   *Port
}

// Connect links two switches of one engine. The name is that of the port at either. After a restart it is
// called again: the ports keep their counters, frames that were inside are lost.
func Connect(a, b *Switch, name string) (*Trunk, error) {
	fail := func(err error) (*Trunk, error) {
		return nil, fmt.Errorf("trunk %s: %w", name, err)
	}
	if a.engine != b.engine || a == b {
		return fail(ErrInvalid)
	}
	a.engine.mu.Lock()
	defer a.engine.mu.Unlock()
	t := &Trunk{engine: a.engine}
	var err error
	if t.a, err = a.attachTrunk(t, name); err != nil {
		return fail(err)
	}
	if t.b, err = b.attachTrunk(t, name); err != nil {
		t.a.detach()
		return fail(err)
	}
	both(a, b, func() { err = core.ConnectTrunk(t.a.core, t.b.core) })
	if err != nil {
		t.a.detach()
		t.b.detach()
		return fail(err)
	}
	return t, nil
}

func (s *Switch) attachTrunk(t *Trunk, name string) (*Port, error) {
	p, err := s.attach(ModeTrunk, name, -1, -1, 0)
	if err != nil {
		return nil, err
	}
	p.trunk = t
	return p, nil
}

// both runs f while the workers of two switches stand still.
func both(a, b *Switch, f func()) {
	if a.worker == b.worker {
		a.worker.do(f)
		return
	}
	a.worker.do(func() { b.worker.do(f) })
}

// Close ends the trunk and its two ports.
func (t *Trunk) Close() error {
	t.engine.mu.Lock()
	defer t.engine.mu.Unlock()
	t.close()
	return nil
}

func (t *Trunk) close() {
	if t.a.gone {
		return
	}
	both(t.a.sw, t.b.sw, func() { core.DisconnectTrunk(t.a.core, t.b.core) })
	t.a.detach()
	t.b.detach()
}
