package vale

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// monitored is a port of a switch that a program has open, in a memory with room for monitors.
type monitored struct {
	sw   *Switch
	port *Port
	open *Open
	cfg  OpenConfig
}

// openMonitored makes such a port.
func openMonitored(t testing.TB, s *Switch, name string, slots int) *monitored {
	t.Helper()
	spec := region.Spec{Name: name, TxRings: 1, RxRings: 1, HostTxRings: 1, HostRxRings: 1, TxSlots: slots, RxSlots: slots, Hostless: true}
	geo, err := region.Fit(spec, region.Room{Pipes: abi.NMU_PIPES})
	if err != nil {
		t.Fatal(err)
	}
	m := &monitored{sw: s, cfg: OpenConfig{Interface: name, Mode: abi.NR_REG_ALL_NIC, Spec: &spec, Memory: NewMemory(name, geo)}}
	if m.port, err = s.AttachPort(name, -1); err != nil {
		t.Fatal(err)
	}
	if m.open, err = m.port.OpenRings(m.cfg); err != nil {
		t.Fatal(err)
	}
	return m
}

// monitor makes a monitor of the port and opens it; its switch is called name.
func (m *monitored) monitor(t testing.TB, name string, flags uint64) *monitored {
	t.Helper()
	s, err := m.sw.engine.NewSwitch(name, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := m.cfg
	cfg.Flags = flags
	if flags&abi.NR_ZCOPY_MON == 0 {
		geo, err := region.Fit(*cfg.Spec, region.Room{})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Memory = NewMemory(name, geo)
	}
	own := &monitored{sw: s, cfg: cfg}
	if own.port, err = s.AttachMonitor("monitor", -1, m.port, flags); err != nil {
		t.Fatal(err)
	}
	if own.open, err = own.port.OpenRings(cfg); err != nil {
		t.Fatal(err)
	}
	return own
}

const (
	zeroCopy = abi.NR_ZCOPY_MON | abi.NR_MONITOR_TX | abi.NR_MONITOR_RX
	copySent = abi.NR_MONITOR_TX
)

// send sends n numbered frames from a port, the first of which is *next.
func (m *monitored) send(t testing.TB, next *uint32, n int) {
	t.Helper()
	tx := find(t, m.open, true, false, 0)
	for range n {
		f := eth(0xff, 1, 60)
		binary.BigEndian.PutUint32(f[20:], *next)
		*next++
		tx.put(f, 0)
	}
	tx.sync(t)
}

// numbers takes what has come, gives it back, and returns the numbers.
func numbers(t testing.TB, rx *prog) (got []uint32) {
	t.Helper()
	for _, s := range rx.take(rx.n()) {
		got = append(got, binary.BigEndian.Uint32(s.data[20:]))
	}
	rx.sync(t)
	return got
}

// expectNext checks that numbers go on from *next, and that there are n.
func expectNext(t *testing.T, what string, got []uint32, next *uint32, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%s: %d frames, want %d", what, len(got), n)
	}
	for _, k := range got {
		if k != *next {
			t.Fatalf("%s: frame %d, want %d", what, k, *next)
		}
		*next++
	}
}

// TestMonitorWorker: a monitor's switch moves to the worker of the port that it watches, whichever had it.
func TestMonitorWorker(t *testing.T) {
	e := newManual(t, 2)
	for range 2 { // one for each worker
		s, err := e.NewSwitch("s"+string(rune('0'+len(e.switches))), false, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := openMonitored(t, s, "a", 64)
		var seen, sent uint32
		for _, name := range []string{"m1", "m2", "m3"} {
			m := a.monitor(t, s.name+name, copySent)
			if m.sw.worker != s.worker {
				t.Error("the monitor is with another worker")
			}
			rx := find(t, m.open, false, false, 0)
			a.send(t, &sent, 10)
			e.settle()
			seen = sent - 10
			expectNext(t, name, numbers(t, rx), &seen, 10)
		}
	}
	if n := e.workers[0].switches + e.workers[1].switches; n != len(e.switches) {
		t.Errorf("the workers have %d switches, want %d", n, len(e.switches))
	}
}

// TestMonitorRefused: what can't be a monitor.
func TestMonitorRefused(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := openMonitored(t, s, "a", 64)
	if _, err := s.AttachMonitor("m", -1, a.port, copySent); !errors.Is(err, ErrBusy) {
		t.Errorf("on a switch with ports: %v", err)
	}
	m := a.monitor(t, "m", copySent)
	if err := a.open.Close(); err != nil {
		t.Fatal(err)
	}
	if find(t, m.open, false, false, 0).Ctl.Tail.Load() != abi.NMU_DETACHED {
		t.Error("the monitor outlives the port")
	}
	if _, err := m.port.OpenRings(m.cfg); !errors.Is(err, ErrClosed) {
		t.Errorf("a monitor of the past: %v", err)
	}
	empty, err := e.NewSwitch("empty", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.AttachMonitor("m", -1, a.port, copySent); !errors.Is(err, ErrInvalid) {
		t.Errorf("of a port that nobody has open: %v", err)
	}
	if len(empty.ports) != 0 {
		t.Error("it left a port")
	}
}

// TestMonitorHostile: a monitor's program that breaks the rules loses its monitor. The port that it watched, and the
// other monitors, lose nothing.
func TestMonitorHostile(t *testing.T) {
	for name, attack := range map[string]func(rx *prog){
		"head":        func(rx *prog) { rx.Ctl.Head.Store(33) },
		"far head":    func(rx *prog) { rx.Ctl.Head.Store(1 << 30) },
		"buffer":      func(rx *prog) { rx.Array[20].BufIdx = 1 << 30 },
		"buffer zero": func(rx *prog) { rx.Array[20].BufIdx = 0 },
	} {
		for _, flags := range []uint64{copySent, zeroCopy} {
			events := make(chan Event, 10)
			e := newEngine(Config{Workers: 1, Spin: 1, Events: func(ev Event) { events <- ev }})
			t.Cleanup(func() { e.Close() })
			s, err := e.NewSwitch("s", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, b := openMonitored(t, s, "a", 64), openMonitored(t, s, "b", 64)
			m, good := a.monitor(t, "m", flags), a.monitor(t, "good", copySent)
			var sent, atB, atGood uint32
			rxB, rxGood := find(t, b.open, false, false, 0), find(t, good.open, false, false, 0)
			for round := range 10 {
				if round == 1 {
					attack(find(t, m.open, false, false, 0))
				}
				a.send(t, &sent, 15)
				e.settle()
				if round == 1 {
					select {
					case ev := <-events:
						if ev.Switch != "m" || ev.Port != "monitor" {
							t.Fatalf("%s: event %v", name, ev)
						}
					case <-time.After(20 * time.Second):
						t.Fatalf("%s: no event", name)
					}
				}
				expectNext(t, name+": receiver", numbers(t, rxB), &atB, 15)
				expectNext(t, name+": other monitor", numbers(t, rxGood), &atGood, 15)
			}
			if find(t, m.open, false, false, 0).Ctl.Tail.Load() != abi.NMU_DETACHED {
				t.Errorf("%s: the monitor still has its ring", name)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestMonitorRestored: monitors go on where an engine that is no more has left them, each frame is seen once, and the
// zero-copy monitor's buffers are still its own.
func TestMonitorRestored(t *testing.T) {
	e := newManual(t, 2)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := []*monitored{openMonitored(t, s, "a", 64), openMonitored(t, s, "b", 64)}
	a := all[0]
	all = append(all, a.monitor(t, "m", copySent), a.monitor(t, "z", zeroCopy))
	var sent uint32
	var next [4]uint32
	for round := range 40 {
		a.send(t, &sent, 20)
		if round%4 == 0 {
			e.workers[0].core.Step()
			e.workers[1].core.Step()
		} else {
			e.settle()
		}
		if round%2 == 0 {
			var files []Restore
			for _, m := range all {
				files = append(files, keepOpen(t, m.open))
			}
			e = revive(t, e, all, files)
			a = all[0]
			e.settle()
		}
		for i, m := range all[1:] {
			expectNext(t, m.sw.name+" "+m.port.name, numbers(t, find(t, m.open, false, false, 0)), &next[i], 20)
		}
		e.settle()
		seen := make(map[uint32]string)
		for _, m := range []*monitored{a, all[3]} {
			for _, r := range ringsOf(t, m.open) {
				for i := range r.Array {
					idx := r.Array[i].BufIdx
					if who, twice := seen[idx]; twice {
						t.Fatalf("round %d: buffer %d is in %s and %s", round, idx, who, m.sw.name)
					}
					seen[idx] = m.sw.name
				}
			}
		}
	}
	for _, r := range e.Stats() {
		if r.Mode == ModeMonitor && r.Dir == "rx" && !r.Host && r.Packets != uint64(sent) {
			t.Errorf("%s counts %d packets, want %d", r.Switch, r.Packets, sent)
		}
	}
}

// revive drops an engine and makes all ports again in another one: the two of the switch, then the monitors of the first.
func revive(t *testing.T, e *Engine, all []*monitored, files []Restore) *Engine {
	t.Helper()
	var states []*stateFile
	for _, m := range all[1:] {
		states = append(states, &stateFile{file: dupFile(t, m.sw.StateFile())})
	}
	e.abandon()
	e = newManual(t, 2)
	memories := make(map[*Memory]*Memory)
	var s *Switch
	for i, m := range all {
		var err error
		if i != 1 {
			state := states[max(i-1, 0)]
			if s, err = e.NewSwitch(m.sw.name, false, state.file); err != nil {
				t.Fatal(err)
			}
		}
		if memories[m.cfg.Memory] == nil {
			memories[m.cfg.Memory] = NewMemory(m.cfg.Interface, m.cfg.Memory.Geometry())
		}
		again := &monitored{sw: s, cfg: m.cfg}
		again.cfg.Memory = memories[m.cfg.Memory]
		again.cfg.Restore = &files[i]
		if i < 2 {
			again.port, err = s.AttachPort(m.port.name, -1)
		} else {
			again.port, err = s.AttachMonitor(m.port.name, -1, all[0].port, m.cfg.Flags)
		}
		if err != nil {
			t.Fatal(err)
		}
		if again.open, err = again.port.OpenRings(again.cfg); err != nil {
			t.Fatal(err)
		}
		again.cfg.Restore = nil
		all[i] = again
	}
	return e
}
