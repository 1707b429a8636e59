package standalone

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/serve"
)

// A frame goes from one port of a switch to the other; ports are opened once
// and given back.
func TestServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "netmap.sock")
	socket := netmap.Socket(path)
	s, err := Start(Config{Socket: path, Switches: [][]string{{"a0", "a1"}, {"b0"}}, Geometry: serve.Geometry{Rings: 1, Slots: 64}})
	if err != nil {
		t.Fatal(err)
	}
	open := func(name string) *netmap.Port {
		p, err := netmap.Open(name, socket)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	from, to, other := open("netmap:a0"), open("netmap:a1"), open("netmap:b0")
	if s.Opens() != 3 {
		t.Errorf("%d opens, want 3", s.Opens())
	}
	if _, err := netmap.Open("netmap:a0", socket); !errors.Is(err, netmap.ErrBusy) {
		t.Errorf("second open: %v", err)
	}
	if _, err := netmap.Open("netmap:c0", socket); !errors.Is(err, netmap.ErrNoPort) {
		t.Errorf("open of nothing: %v", err)
	}

	b := from.TxRings()[0].Borrow(1)
	copy(b.Buf(0), "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5")
	b.SetLen(0, 60)
	b.Commit(1)
	if err := from.TxSync(); err != nil {
		t.Fatal(err)
	}
	if found, err := to.Poll(netmap.In, 5*time.Second); err != nil || found != netmap.In {
		t.Errorf("the other port got %v, %v", found, err)
	}
	if found, err := other.Poll(netmap.In, 10*time.Millisecond); err != nil || found != 0 {
		t.Errorf("the other switch got %v, %v", found, err)
	}

	if err := from.Close(); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(5 * time.Second); s.Opens() != 2 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	open("netmap:a0").Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := to.Poll(netmap.In, 5*time.Second); !errors.Is(err, netmap.ErrDetached) {
		t.Errorf("after the end of the switch: %v", err)
	}
}
