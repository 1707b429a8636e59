package vale

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// kept is what the keeper holds of a switch with open ports: descriptors and names.
type kept struct {
	state *os.File
	ports []keptPort
}

type keptPort struct {
	name  string
	sock  int
	opens []keptOpen
}

type keptOpen struct {
	cfg  OpenConfig
	kept Restore
}

func dupFile(t testing.TB, f *os.File) *os.File {
	t.Helper()
	d, err := duplicate(f, f.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func keepOpen(t testing.TB, o *Open) Restore {
	f := o.Files()
	return Restore{Files{dupFile(t, f.Region), dupFile(t, f.Kick), dupFile(t, f.Wake)}, o.Kept(), o.UsedBufs()}
}

// restore builds a switch again from what was kept.
func (k *kept) restore(t testing.TB, e *Engine) (*Switch, []*Open) {
	t.Helper()
	s, err := e.NewSwitch("s", false, dupFile(t, k.state))
	if err != nil {
		t.Fatal(err)
	}
	var opens []*Open
	for _, kp := range k.ports {
		p, err := s.AttachSocket(kp.name, -1, kp.sock, 1500)
		if err != nil {
			t.Fatal(err)
		}
		for _, ko := range kp.opens {
			cfg := ko.cfg
			cfg.Restore = &ko.kept
			cfg.Restore.Bufs = kp.opens[len(kp.opens)-1].kept.Bufs
			o, err := p.OpenRings(cfg)
			if err != nil {
				t.Fatal(err)
			}
			opens = append(opens, o)
		}
	}
	return s, opens
}

// abandon stops an engine's workers where they are, as SIGKILL does: nothing is detached, closed or told.
func (e *Engine) abandon() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.halt()
	e.switches = nil
}

// TestRestore sends numbered frames through an engine that is dropped again and again: what arrives is in
// order and none comes twice, the table and the counters carry on, and the programs do nothing about it.
func TestRestore(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{state: dupFile(t, s.StateFile())}
	var opens []*Open
	for _, name := range []string{"from", "to"} {
		sock, _ := newSocketPair(t)
		p, err := s.AttachSocket(name, -1, sock, 1500)
		if err != nil {
			t.Fatal(err)
		}
		kp := keptPort{name: name, sock: sock}
		for _, mode := range []uint32{abi.NR_REG_SW, abi.NR_REG_ALL_NIC} {
			cfg := OpenConfig{Interface: "eth1", Mode: mode, Rings: 1, Slots: 100}
			o, err := p.OpenRings(cfg)
			if err != nil {
				t.Fatal(err)
			}
			opens = append(opens, o)
			kp.opens = append(kp.opens, keptOpen{cfg, keepOpen(t, o)})
		}
		k.ports = append(k.ports, kp)
	}
	tx, rx := find(t, opens[1], true, false, 0), find(t, opens[3], false, false, 0)
	back := find(t, opens[3], true, false, 0)
	back.put(eth(9, 2, 60), 0)
	back.sync(t)
	e.settle()
	sent, next := uint32(0), uint32(0)
	for round := range 200 {
		for range min(tx.free(), uint32(round%60)) {
			frame := eth(2, 1, 60)
			binary.BigEndian.PutUint32(frame[20:], sent)
			tx.put(frame, 0)
			sent++
		}
		tx.sync(t)
		if round%3 == 0 {
			e.workers[0].core.Step() // killed in the middle
		} else {
			e.settle()
		}
		if round%2 == 0 {
			ifs := []uint64{opens[0].Register().Offset, opens[1].Register().Offset}
			e.abandon()
			e = newManual(t, 1)
			_, opens = k.restore(t, e)
			if opens[0].Register().Offset != ifs[0] || opens[1].Register().Offset != ifs[1] {
				t.Fatal("the opens have other netmap_ifs")
			}
		}
		for _, f := range rx.frames() {
			got := binary.BigEndian.Uint32(f[20:])
			if got != next {
				t.Fatalf("round %d: frame %d, want %d", round, got, next)
			}
			next++
		}
		rx.sync(t)
	}
	e.settle()
	for _, r := range e.Stats() {
		if r.Port == "from" && r.Dir == "tx" && !r.Host && (r.Packets != uint64(sent) || r.Syncs != 200) {
			t.Errorf("%d packets, %d syncs counted, want %d and 200", r.Packets, r.Syncs, sent)
		}
		if r.Port == "from" && r.Dir == "rx" && !r.Host && r.Packets != 1 {
			t.Errorf("%d packets to the sender: its destination was forgotten", r.Packets)
		}
	}
	if got := rx.frames(); uint32(len(got)) != sent-next {
		t.Errorf("%d frames at the end, want %d", len(got), sent-next)
	}
}

// TestRestoreWakes: a program that went to sleep on what a dead engine had published, but not told, is woken.
func TestRestoreWakes(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := mustOpen(t, s, "p", abi.NR_REG_ALL_NIC, 1, 64)
	rx := find(t, o, false, false, 0)
	k := &kept{state: dupFile(t, s.StateFile()), ports: []keptPort{{"p", newSocket(t), []keptOpen{
		{OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64}, keepOpen(t, o)},
	}}}}
	rx.Ctl.Wait.Store(1)
	e.abandon()
	e = newManual(t, 1)
	k.restore(t, e)
	e.settle()
	if !rx.await(0) {
		t.Error("not woken")
	}
}

func newSocket(t testing.TB) int {
	sock, _ := newSocketPair(t)
	return sock
}

func TestRestoreRefuses(t *testing.T) {
	e := newManual(t, 1)
	fd, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "x")
	defer f.Close()
	if _, err := e.NewSwitch("short", false, f); !errors.Is(err, ErrInvalid) {
		t.Errorf("a file that is too short: %v", err)
	}
	s, err := e.NewSwitch("s", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.NewSwitch("other", false, dupFile(t, s.StateFile())); !errors.Is(err, ErrInvalid) {
		t.Errorf("the state of a wire for a switch: %v", err)
	}
	o, _ := mustOpen(t, s, "p", abi.NR_REG_ALL_NIC, 1, 64)
	files := o.Files()
	if _, err := o.port.OpenRings(OpenConfig{Mode: abi.NR_REG_SW, Restore: &Restore{Files: Files{files.Kick, files.Kick, files.Wake}}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("another region: %v", err)
	}
	if _, err := o.port.OpenRings(OpenConfig{Mode: abi.NR_REG_SW, Restore: &Restore{Files: Files{files.Region, files.Kick, files.Kick}, Kept: Kept{IfOfs: 1024, Objects: []int{5, 6}}}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a wake descriptor that is none: %v", err)
	}
}

// TestGhost: entries of a port that a restarted engine was not given again are flooded, and its index is
// free for another.
func TestGhost(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var peers []int
	for _, name := range []string{"a", "b"} {
		sock, peer := newSocketPair(t)
		if _, err := s.AttachSocket(name, -1, sock, 1500); err != nil {
			t.Fatal(err)
		}
		peers = append(peers, peer)
	}
	sendSocket(t, peers[0], vnet{}, eth(9, 1, 60))
	e.settle()
	k := &kept{state: dupFile(t, s.StateFile())}
	e.abandon()
	e = newManual(t, 1)
	s, _ = k.restore(t, e)
	sock, peer := newSocketPair(t)
	b, err := s.AttachSocket("b", -1, sock, 1500)
	if err != nil || b.Index() != 1 {
		t.Fatalf("b has index %d, %v", b.Index(), err)
	}
	sock2, peer2 := newSocketPair(t)
	if _, err := s.AttachSocket("c", 2, sock2, 1500); err != nil {
		t.Fatal(err)
	}
	sendSocket(t, peer, vnet{}, eth(1, 2, 60))
	e.settle()
	if got := recvSocket(t, peer2); len(got) != 1 {
		t.Errorf("%d frames for a station that is gone, want one flooded", len(got))
	}
	d, err := s.AttachSocket("d", 0, newSocket(t), 1500)
	if err != nil || d.Index() != 0 {
		t.Errorf("index 0 is not free: %v", err)
	}
}

// TestRestoreIgnoresHeaders: what a program has written into the headers of its rings is nothing to the switch.
func TestRestoreIgnoresHeaders(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := mustOpen(t, s, "p", abi.NR_REG_ALL_NIC, 1, 64)
	k := &kept{state: dupFile(t, s.StateFile()), ports: []keptPort{{"p", newSocket(t), []keptOpen{
		{OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64}, keepOpen(t, o)},
	}}}}
	for _, r := range ringsOf(t, o) {
		r.Header.Head, r.Header.NumSlots, r.Header.BufSize, r.Header.Dir = 1<<31, 5000, 1, 7
	}
	e.abandon()
	e = newManual(t, 1)
	k.restore(t, e)
}
