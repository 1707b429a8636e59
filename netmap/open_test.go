package netmap

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
	"github.com/valelab/valelab/netmap/internal/wire"
)

func TestOpenModes(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Rings: 3, Slots: 64})
	for name, want := range map[string][4]int{
		"netmap:eth1":     {3, 3, 0, 0},
		"netmap:eth1^":    {0, 0, 1, 1},
		"netmap:eth1*":    {3, 3, 1, 1},
		"netmap:eth1-2":   {1, 1, 0, 0},
		"netmap:eth1/T":   {3, 0, 0, 0},
		"netmap:eth1*/R":  {0, 3, 0, 1},
		"netmap:eth1-1/T": {1, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, name)
			got := [4]int{len(p.TxRings()), len(p.RxRings()), len(p.HostTx()), len(p.HostRx())}
			if got != want {
				t.Errorf("rings %v, want %v", got, want)
			}
			if p.Name() != "eth1" {
				t.Errorf("name %q", p.Name())
			}
			for _, r := range p.TxRings() {
				if r.Slots() != 64 || r.Available() != 63 || r.BufSize() != 2048 || r.Pending() != 0 {
					t.Errorf("tx ring %d: %d slots, %d available, buffers of %d", r.Index(), r.Slots(), r.Available(), r.BufSize())
				}
			}
			for _, r := range p.RxRings() {
				if r.Available() != 0 {
					t.Errorf("rx ring %d: %d available", r.Index(), r.Available())
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	p := open(t, "netmap:eth1-2")
	if i := p.TxRings()[0].Index(); i != 2 {
		t.Errorf("ring %d, want 2", i)
	}
}

// A ring has one owner; the host rings can be another's.
func TestOpenBusy(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{Rings: 2, Slots: 64})
	p := open(t, "netmap:eth1-0")
	if _, err := Open("netmap:eth1"); !errors.Is(err, ErrBusy) {
		t.Errorf("second open: %v", err)
	}
	open(t, "netmap:eth1-1")
	open(t, "netmap:eth1^")
	if s.Opens() != 3 {
		t.Errorf("%d opens", s.Opens())
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, "netmap:eth1-0") // waits until the switch has noticed
}

func TestOpenErrors(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64})
	for name, want := range map[string]error{
		"eth1":          ErrName,
		"netmap:eth2":   ErrNoPort,
		"netmap:eth1-1": ErrNoPort,
	} {
		var e *Error
		if p, err := Open(name); p != nil || !errors.Is(err, want) || !errors.As(err, &e) || e.Port != name || e.Op != "open" {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
	if _, err := Open("netmap:eth1", Socket(s.Path()+"x")); !errors.Is(err, ErrNoSwitch) {
		t.Errorf("no socket: %v", err)
	}
}

// A refusal reaches the program as the cause, with a hint.
func TestOpenRefused(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EPROTO, unix.ENOMEM} {
		fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64, Alter: func(r *wire.Reply) { r.Errno = errno }})
		if p, err := Open("netmap:eth1"); p != nil || !errors.Is(err, errno) {
			t.Errorf("%v: got %v", errno, err)
		}
	}
}

// The switch's first answer may fall into the replacement of its agent.
func TestOpenWhileAgentRestarts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sock")
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64})
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.AcceptUnix() // the old agent takes the connection and dies
		if err == nil {
			c.Close()
		}
		l.Close()
		for range 3 { // meanwhile nobody listens
			if _, err := wire.Dial(path); !errors.Is(err, unix.ECONNREFUSED) {
				t.Errorf("dial: %v", err)
			}
		}
		os.Remove(path)
		if err := os.Symlink(s.Path(), path); err != nil { // the new one
			t.Error(err)
		}
	}()
	defer func() { <-done }()
	open(t, "netmap:eth1", Socket(path))
}

// What a switch grants is checked before it is used.
func TestOpenCorruptGrant(t *testing.T) {
	for name, alter := range map[string]func(*wire.Reply){
		"region size":  func(r *wire.Reply) { r.Grant.RegionSize = 1 << 62 },
		"page more":    func(r *wire.Reply) { r.Grant.RegionSize += 4096 },
		"memsize":      func(r *wire.Reply) { r.Grant.Memsize = r.Grant.RegionSize + 64 },
		"netmap_if":    func(r *wire.Reply) { r.Grant.IfOfs = r.Grant.Memsize - 8 },
		"another's if": func(r *wire.Reply) { r.Grant.IfOfs += 1024 },
		"control area": func(r *wire.Reply) { r.Grant.CtlOfs = r.Grant.RegionSize },
		"buffers":      func(r *wire.Reply) { r.Grant.BufNum *= 2 },
	} {
		t.Run(name, func(t *testing.T) {
			s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64, Alter: alter})
			if p, err := Open("netmap:eth1"); p != nil || !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
			eventually(t, 5*time.Second, "the port is given back", func() bool { return s.Opens() == 0 })
		})
	}
}
