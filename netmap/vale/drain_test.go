package vale

import (
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestClosedAtOnce: what a program has handed over is sent, also if its open is closed before the switch looks.
func TestClosedAtOnce(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := mustOpen(t, s, "a", abi.NR_REG_ALL_NIC, 1, 256)
	b, _ := mustOpen(t, s, "b", abi.NR_REG_ALL_NIC, 1, 256)
	tx, rx := find(t, a, true, false, 0), find(t, b, false, false, 0)
	for i := range 200 {
		tx.put(eth(0xff, byte(i), 60), 0)
	}
	tx.sync(t)
	tx.put(eth(0xff, 77, 60), 0) // this one is not
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	e.settle()
	got := rx.take(256)
	if len(got) != 200 || got[199].data[11] != 199 {
		t.Errorf("%d frames", len(got))
	}
}
