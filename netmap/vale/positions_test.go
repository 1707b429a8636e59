package vale

import (
	"sync/atomic"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestPositions: the cur of an rx ring is what its program says, as far as it is a slot.
func TestPositions(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := mustOpen(t, s, "a", abi.NR_REG_ALL_NIC, 1, 64)
	rx := find(t, o, false, false, 0)
	rx.Ctl.Head.Store(3)
	for _, c := range []struct{ says, want uint32 }{{5, 5}, {63, 63}, {64, 3}, {1 << 31, 3}} {
		atomic.StoreUint32(&rx.Header.Cur, c.says)
		if r := e.Stats()[1]; r.Dir != "rx" || r.Head != 3 || r.Cur != c.want {
			t.Errorf("cur %d: %s head %d cur %d, want %d", c.says, r.Dir, r.Head, r.Cur, c.want)
		}
	}
}
