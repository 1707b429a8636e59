package netmap

import (
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

func TestLinger(t *testing.T) {
	ctl := &abi.Ctl{}
	r := &ring{n: 64, mem: region.Ring{Ctl: ctl}}
	watched := [2][]*ring{{r}}

	ctl.Tail.Store(1)
	r.gained = busy - 1
	if linger(watched, -1) {
		t.Error("a port with little traffic lingers")
	}
	r.gained = busy
	if !linger(watched, -1) {
		t.Error("a busy port does not see that its ring has moved")
	}
	if r.gained != 0 {
		t.Error("a port stays busy for ever")
	}

	ctl.Tail.Store(0)
	r.gained = busy
	start := time.Now()
	if linger(watched, -1) {
		t.Error("a ring has moved that has not")
	}
	if passed := time.Since(start); passed < lingerTime {
		t.Errorf("gave up after %v", passed)
	}
	r.gained = busy
	if linger(watched, 0) {
		t.Error("a ring has moved that has not, without a limit to wait")
	}
}

// A sender that never waits yields once in a ring of slots.
func TestYield(t *testing.T) {
	ctl := &abi.Ctl{}
	r := &ring{n: 64, port: &Port{}, mem: region.Ring{Ctl: ctl, Header: &abi.Ring{}, Place: region.Place{Tx: true}}}
	for i := range uint32(63) {
		r.head, r.tail = i+1, 0
		ctl.Tail.Store(0)
		if err := r.sync(); err != nil {
			t.Fatal(err)
		}
	}
	if r.unyielded != 63 {
		t.Fatalf("%d slots since the last yield, want 63", r.unyielded)
	}
	r.head = 0
	if err := r.sync(); err != nil {
		t.Fatal(err)
	}
	if r.unyielded != 0 {
		t.Error("no yield after 64 slots")
	}
}
