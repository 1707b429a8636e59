package vale

import (
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// hostRing picks a host ring by its number.
func hostRing(t *testing.T, o *Open, tx bool, number int) *prog {
	t.Helper()
	for _, p := range ringsOf(t, o) {
		if p.Tx == tx && p.Host && p.Index == number {
			return p
		}
	}
	t.Fatalf("no host ring tx=%v %d", tx, number)
	return nil
}

// TestHostRings: a port may have several host rings. The kernel's stack gets what is sent on any of them, each counts for
// itself and goes on in an engine that comes after; what the kernel sends comes to the first.
func TestHostRings(t *testing.T) {
	const nic, host = 2, 3
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	sock, peer := newSocketPair(t)
	p, err := s.AttachSocket("a", -1, sock, 1500)
	if err != nil {
		t.Fatal(err)
	}
	cfg := OpenConfig{Interface: "eth1", Mode: abi.NR_REG_NIC_SW, Spec: &region.Spec{
		Name: "eth1", TxRings: nic, RxRings: nic, HostTxRings: host, HostRxRings: host, TxSlots: 64, RxSlots: 64,
	}}
	o, err := p.OpenRings(cfg)
	if err != nil {
		t.Fatal(err)
	}
	check := func(e *Engine, o *Open, sent int) {
		t.Helper()
		for i := range host {
			tx := hostRing(t, o, true, i)
			tx.put(eth(0xff, byte(10*sent+i), 60), 0)
			tx.sync(t)
			e.settle()
			compareFrames(t, "to the kernel", recvSocket(t, peer), [][]byte{eth(0xff, byte(10*sent+i), 60)})
		}
		sendSocket(t, peer, vnet{}, eth(0xff, 9, 60))
		e.settle()
		compareFrames(t, "from the kernel", hostRing(t, o, false, 0).frames(), [][]byte{eth(0xff, 9, 60)})
		for i := 1; i < host; i++ {
			compareFrames(t, "from the kernel, other rings", hostRing(t, o, false, i).frames(), nil)
		}
		counted := 0
		for _, r := range e.Stats() {
			if !r.Host || r.Dir != "tx" {
				continue
			}
			if r.Ring != counted || r.Packets != uint64(sent) || r.Head != uint32(sent) {
				t.Errorf("host ring %d: %d packets, head %d, want %d", r.Ring, r.Packets, r.Head, sent)
			}
			counted++
		}
		if counted != host {
			t.Errorf("%d host rings are counted, want %d", counted, host)
		}
	}
	check(e, o, 1)
	k := kept{state: dupFile(t, s.StateFile()), ports: []keptPort{{"a", sock, []keptOpen{{cfg, keepOpen(t, o)}}}}}
	next := newManual(t, 1)
	_, opens := k.restore(t, next)
	check(next, opens[0], 2)
}
