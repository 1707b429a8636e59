//go:build kernel

package netmap

import (
	"errors"
	"os"
	"testing"

	"github.com/valelab/valelab/netmap/counting"
	"github.com/valelab/valelab/netmap/kernel"
)

// Where the module has its types, the slots that go through the rings of its ports are counted exactly, round the end
// of the rings too, and each ring's for itself. Where it has not, that is what is said.
func TestKernelCounting(t *testing.T) {
	c, err := counting.Start()
	if _, has := os.Stat(counting.Types); has != nil {
		if !errors.Is(err, counting.ErrNoTypes) {
			t.Errorf("a module without types: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	a, b := openNative(t, "valecnt:a"), openNative(t, "valecnt:b")
	control, err := kernel.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	ring := func(port string, tx uint32) counting.Ring {
		t.Helper()
		info, err := control.Info(port)
		if err != nil {
			t.Fatal(err)
		}
		return counting.Ring{Memory: info.MemID, Tx: tx}
	}
	check := func(port string, tx uint32, want uint64) {
		t.Helper()
		if n, err := c.Count(ring(port, tx)); n != want || err != nil {
			t.Errorf("%s, tx %d: %d slots (%v), want %d", port, tx, n, err, want)
		}
	}
	check("valecnt:a", 1, 0)
	const rounds, each = 7, 300 // more than twice round the ring
	for range rounds {
		sendTo(t, a, 0, each, 60)
		if err := b.RxSync(); err != nil {
			t.Fatal(err)
		}
		got := b.RxRings()[0].Borrow(1024)
		got.Release(got.Len())
	}
	check("valecnt:a", 1, rounds*each)
	check("valecnt:b", 0, (rounds-1)*each) // the last ones are not given back yet
	if err := b.RxSync(); err != nil {
		t.Fatal(err)
	}
	check("valecnt:b", 0, rounds*each)
	check("valecnt:b", 1, 0)
	check("valecnt:a", 0, 0)
	if err := c.Forget(ring("valecnt:a", 1)); err != nil {
		t.Fatal(err)
	}
	sendTo(t, a, 0, 5, 60)
	check("valecnt:a", 1, 5)
}
