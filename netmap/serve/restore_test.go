package serve

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/vale"
)

// restart gives the endpoints to another engine and makes the space there of what was kept. It returns the programs'
// connections by their entries.
func (h *host) restart(node string) (*Space, map[string]*Conn) {
	h.t.Helper()
	e := newEngine(h.t)
	lan, err := e.NewSwitch("lan-"+node, false, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { lan.Close() })
	for name, before := range h.endpoints {
		_, sock := pair(h.t)
		port, err := lan.AttachSocket(name, -1, sock, 1500)
		if err != nil {
			h.t.Fatal(err)
		}
		h.endpoints[name] = &Endpoint{Port: port, Geometry: before.Geometry}
	}
	s := NewSpace(e, node, h)
	last := 0
	for key, k := range h.kept {
		if kind, _, _ := strings.Cut(key, "/"); kind == KindBridge {
			if err := s.RestoreBridge(k.record, newFile(h.t, k.fds[0])); err != nil {
				h.t.Fatal(err)
			}
		}
		last = max(last, OpenOrder(key))
	}
	conns := make(map[string]*Conn)
	for ; last > 0; last-- {
		name := s.entry(fmt.Sprint(last))
		k, ok := h.kept[KindOpen+"/"+name]
		if !ok {
			continue
		}
		files := vale.Files{Region: newFile(h.t, k.fds[0]), Kick: newFile(h.t, k.fds[1]), Wake: newFile(h.t, k.fds[2])}
		fd, err := unix.FcntlInt(uintptr(k.fds[3]), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { unix.Close(fd) })
		if conns[name], err = s.RestoreOpen(name, k.record, files, fd); err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
	}
	s.Restored()
	return s, conns
}

// slots are those of all rings of programs that are in the global memory.
func slots(programs map[string]*program) (all []*abi.Slot) {
	for _, p := range programs {
		if p.conn.adapter.memory.id != globalID {
			continue
		}
		for _, r := range p.view.Rings {
			for i := range r.Array {
				all = append(all, &r.Array[i])
			}
		}
	}
	return all
}

// TestSwappedBuffers: programs open and close endpoints and pipes at random, mix up the buffers of all that share a
// memory, and servers die: no buffer is in two rings, and in the end nothing is left.
func TestSwappedBuffers(t *testing.T) {
	for seed := range int64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { swapBuffers(t, rand.New(rand.NewSource(seed))) })
	}
}

func swapBuffers(t *testing.T, rng *rand.Rand) {
	s, h := newNode(t, newEngine(t), "n")
	for _, name := range []string{"eth2", "eth3"} {
		h.addEndpoint(name, Geometry{Rings: 1 + rng.Intn(3), Slots: 64 << rng.Intn(4)})
	}
	names := []string{"eth1", "eth2", "eth3", "eth1^", "eth3^", "eth2{1", "eth2}1"}
	programs := make(map[string]*program)
	for step := range 80 {
		name := names[rng.Intn(len(names))]
		switch p := programs[name]; {
		case rng.Intn(10) == 0:
			var conns map[string]*Conn
			s, conns = h.restart("n")
			for _, p := range programs {
				p.conn = conns[p.conn.entry]
			}
		case p != nil:
			p.end()
			delete(programs, name)
		default:
			want := abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC, ExtraBufs: uint32(rng.Intn(2) * 100)}
			port, host := strings.CutSuffix(name, "^")
			if host {
				want.Mode = abi.NR_REG_SW
			}
			programs[name] = s.program(t)
			programs[name].must(port, want)
		}
		all := slots(programs)
		seen := make(map[uint32]bool)
		for _, slot := range all {
			if seen[slot.BufIdx] || slot.BufIdx < abi.NETMAP_FIRST_BUF {
				t.Fatalf("step %d: buffer %d is in two rings, or none", step, slot.BufIdx)
			}
			seen[slot.BufIdx] = true
		}
		rng.Shuffle(len(all), func(i, k int) { all[i].BufIdx, all[k].BufIdx = all[k].BufIdx, all[i].BufIdx })
	}
	for _, p := range programs {
		p.end()
	}
	if len(s.adapters)+len(s.memories)+len(s.hidden)+len(h.kept) > 0 {
		t.Errorf("left: %d adapters, %d memories, %d hidden switches, %d kept", len(s.adapters), len(s.memories), len(s.hidden), len(h.kept))
	}
}
