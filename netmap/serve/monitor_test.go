package serve

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestMonitor: monitors of a port, of an endpoint's program and of a pipe see what goes through it, of a port of
// another node nothing, and they end with it.
func TestMonitor(t *testing.T) {
	e := newEngine(t)
	s, _ := newNode(t, e, "n1")
	other, _ := newNode(t, e, "n2")
	for _, name := range []string{"vale1:a", "eth1", "vale1:p{3"} {
		a, m, z := s.program(t), s.program(t), s.program(t)
		sent := abi.ReqRegister{Flags: abi.NR_MONITOR_TX}
		if _, errno := m.register(name, sent); errno != unix.EINVAL {
			t.Errorf("monitor of %s, which nobody has open: %v", name, errno)
		}
		reg := a.must(name, abi.ReqRegister{})
		if _, errno := other.program(t).register(name, sent); errno != unix.EINVAL {
			t.Errorf("monitor of %s of another node: %v", name, errno)
		}
		if got := m.must(name, sent); got.MemID == reg.MemID || got.TxRings != 1 || got.RxRings != reg.RxRings {
			t.Errorf("monitor of %s: %+v", name, got)
		}
		if got := z.must(name, abi.ReqRegister{Flags: abi.NR_ZCOPY_MON}); got.MemID != reg.MemID || got.Flags != 0x700 {
			t.Errorf("zero-copy monitor of %s: %+v", name, got)
		}
		a.send(frame(1), frame(2))
		if got := m.receive(2); !bytes.Equal(got, []byte{1, 2}) {
			t.Errorf("monitor of %s: %v", name, got)
		}
		if isPipe(name) {
			far := s.program(t)
			far.must("vale1:p}3", abi.ReqRegister{})
			far.receive(2)
		}
		if got := z.receive(2); !bytes.Equal(got, []byte{1, 2}) {
			t.Errorf("zero-copy monitor of %s: %v", name, got)
		}
		a.end()
		for _, p := range []*program{m, z} {
			if p.ring(false).Ctl.Tail.Load() != abi.NMU_DETACHED {
				t.Errorf("a monitor of %s outlives it", name)
			}
			p.end()
		}
	}
	if n := len(s.hidden); n != 1 { // the far end's
		t.Errorf("%d hidden switches are left", n)
	}
}
