package netmap

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/region"
)

// pair makes a port in ordinary memory with the switch's view of its two rings: nothing moves there unless the
// test moves it, and the race detector sees it.
func pair(t testing.TB, txSlots, rxSlots int) (p *Port, tx, rx *region.Ring) {
	t.Helper()
	spec := region.Spec{Name: "eth1", TxRings: 1, RxRings: 1, TxSlots: txSlots, RxSlots: rxSlots}
	geo, err := region.Fit(spec, region.Room{})
	if err != nil {
		t.Fatal(err)
	}
	reg := region.InMemory(geo)
	port, err := reg.NewPort(spec)
	if err == nil {
		err = reg.OpenRings(port, []bool{true, true}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	var rings []*region.Ring
	for i := range port.Places {
		r, err := reg.Ring(port, i)
		if err != nil {
			t.Fatal(err)
		}
		rings = append(rings, r)
	}
	return newPort("netmap:eth1", &region.View{Name: "eth1", Rings: rings}, -1, -1, -1), rings[0], rings[1]
}

// open opens a port for the test.
func open(t testing.TB, name string, opts ...Option) *Port {
	t.Helper()
	p, err := Open(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return p
}

// send commits n frames of one byte, numbered from first, without syncing.
func send(t testing.TB, tx *TxRing, first byte, n int) {
	t.Helper()
	b := tx.Borrow(n)
	if b.Len() != n {
		t.Fatalf("%d slots to send in, want %d", b.Len(), n)
	}
	for i := range n {
		b.Buf(i)[0] = first + byte(i)
		b.SetLen(i, 1)
	}
	b.Commit(n)
}

// receive waits for the next n frames and checks that they are those of send.
func receive(t testing.TB, p *Port, rx *RxRing, first byte, n int) {
	t.Helper()
	for n > 0 {
		if ev, err := p.Poll(In, 5*time.Second); err != nil || ev != In {
			t.Fatalf("poll: %v, %v; %d frames missing", ev, err, n)
		}
		b := rx.Borrow(n)
		for i := range b.Len() {
			if f := b.Buf(i); len(f) != 1 || f[0] != first {
				t.Fatalf("frame %v, want [%d]", f, first)
			}
			first++
		}
		n -= b.Len()
		b.Release(b.Len())
	}
	if err := rx.Sync(); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition that another process or goroutine brings about.
func eventually(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// panics checks that f panics with a message that contains this one.
func panics(t *testing.T, what, message string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), message) {
			t.Errorf("%s: panic %v, want %q", what, r, message)
		}
	}()
	f()
}

// TestMain lets the test binary be the other process of a test.
func TestMain(m *testing.M) {
	switch os.Getenv("NETMAP_TEST_ROLE") {
	case "sender":
		sender()
	case "switch":
		switchProcess()
	default:
		os.Exit(m.Run())
	}
}
