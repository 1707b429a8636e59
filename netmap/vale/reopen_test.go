package vale

import (
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestReopenedBuffers: programs that share a region move buffers from slot to slot of what they have open, close
// in the middle of it, and others open other sets of the same rings: no two slots of open rings ever hold one
// buffer.
func TestReopenedBuffers(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	port, err := s.AttachSocket("p", -1, newSocket(t), 1500)
	if err != nil {
		t.Fatal(err)
	}
	// The first open keeps the region alive.
	keep, err := port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_SW, Flags: abi.NR_RX_RINGS_ONLY, Rings: 2, Slots: 64})
	if err != nil {
		t.Fatal(err)
	}
	sets := []OpenConfig{
		{Mode: abi.NR_REG_NIC_SW, Flags: abi.NR_TX_RINGS_ONLY},
		{Mode: abi.NR_REG_ALL_NIC},
		{Mode: abi.NR_REG_ONE_NIC, RingID: 1},
		{Mode: abi.NR_REG_ONE_NIC, RingID: 0},
		{Mode: abi.NR_REG_SW, Flags: abi.NR_TX_RINGS_ONLY},
		{Mode: abi.NR_REG_ALL_NIC, Flags: abi.NR_RX_RINGS_ONLY},
	}
	open := []*Open{keep}
	for round := range 60 {
		set := sets[round%len(sets)]
		set.Flags |= abi.NR_EXCLUSIVE // no ring is looked at twice
		if o, err := port.OpenRings(set); err == nil {
			open = append(open, o)
		} else if err := open[1].Close(); err != nil {
			t.Fatal(err)
		} else {
			open = append(open[:1], open[2:]...)
		}
		seen := make(map[uint32]bool)
		for _, o := range open {
			rings := ringsOf(t, o)
			for _, r := range rings {
				for i := range r.Array {
					if buf := r.Array[i].BufIdx; seen[buf] {
						t.Fatalf("round %d: buffer %d is in two slots", round, buf)
					}
					seen[r.Array[i].BufIdx] = true
				}
			}
			// Every buffer of the open goes 50 slots on, and so into other rings.
			var slots []*abi.Slot
			var bufs []uint32
			for _, r := range rings {
				for i := range r.Array {
					slots, bufs = append(slots, &r.Array[i]), append(bufs, r.Array[i].BufIdx)
				}
			}
			for i, s := range slots {
				s.BufIdx = bufs[(i+50)%len(bufs)]
			}
		}
	}
}
