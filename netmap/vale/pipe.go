package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// ConnectPipe makes a pipe of the two ports of a wire, whose rings are open in one memory: what goes into TX ring i of
// one comes out of RX ring i of the other, by swapping the buffers of slots. Nothing is lost: a sender finds no room
// until the receiver has given slots back, and the receiver sees whole frames only.
func ConnectPipe(a, b *Port) error {
	e := a.sw.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	fail := func() error {
		return fmt.Errorf("pipe of %s and %s: %w", a.name, b.name, ErrInvalid)
	}
	if a.sw != b.sw || !a.sw.wire || a.rings == nil || b.rings == nil || a.rings.memory != b.rings.memory {
		return fail()
	}
	x, y := a.rings.port.Spec, b.rings.port.Spec
	if x.TxRings != y.RxRings || x.RxRings != y.TxRings || x.TxSlots != y.RxSlots || x.RxSlots != y.TxSlots {
		return fail()
	}
	a.peer, b.peer = b, a
	a.sw.worker.do(func() { core.ConnectPipe(a.core, b.core) })
	return nil
}
