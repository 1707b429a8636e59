//go:build kernel

package netmap

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// The tests of this file need netmap's module and root: make test-kernel runs them.

// openNative opens a port of the machine's own module.
func openNative(t *testing.T, name string, opts ...Option) *Port {
	t.Helper()
	t.Setenv("VALELAB_NETMAP", "")
	p, err := Open(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// What one port sends, the other receives, byte for byte and in order, also round the end of the rings.
func TestKernelSend(t *testing.T) {
	a, b := openNative(t, "valekn:a"), openNative(t, "valekn:b")
	frame := bytes.Repeat([]byte{0xff}, 60)
	const rounds, each = 10, 300
	for round := range rounds {
		batch := a.TxRings()[0].Borrow(each)
		if batch.Len() != each {
			t.Fatalf("round %d: %d free slots", round, batch.Len())
		}
		for i := range each {
			frame[20], frame[21] = byte(round), byte(i)
			batch.Put(i, frame)
		}
		batch.Commit(each)
		if err := a.TxSync(); err != nil {
			t.Fatal(err)
		}
		if found, err := b.Poll(In, time.Minute); found != In || err != nil {
			t.Fatalf("poll: %v, %v", found, err)
		}
		got := b.RxRings()[0].Borrow(1024)
		if got.Len() != each {
			t.Fatalf("round %d: %d frames, want %d", round, got.Len(), each)
		}
		for i := range each {
			if f := got.Buf(i); len(f) != 60 || f[20] != byte(round) || f[21] != byte(i) {
				t.Fatalf("round %d, frame %d: % x", round, i, f)
			}
		}
		got.Release(each)
		if err := b.RxSync(); err != nil {
			t.Fatal(err)
		}
	}
}

// A poll ends at its timeout, and by Interrupt from another goroutine.
func TestKernelPoll(t *testing.T) {
	p := openNative(t, "valekn:c")
	if found, err := p.Poll(Out, 0); found != Out || err != nil {
		t.Errorf("an empty tx ring: %v, %v", found, err)
	}
	if found, err := p.Poll(In, time.Millisecond); found != 0 || err != nil {
		t.Errorf("an empty rx ring: %v, %v", found, err)
	}
	go p.Interrupt()
	if found, err := p.Poll(In, -1); found != 0 || err != nil {
		t.Errorf("interrupted: %v, %v", found, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.TxSync(); !errors.Is(err, ErrClosed) {
		t.Errorf("sync after close: %v", err)
	}
}

// Rings of a port are opened one by one, and exclusively.
func TestKernelModes(t *testing.T) {
	p := openNative(t, "valekn:d/T")
	if len(p.TxRings()) != 1 || len(p.RxRings()) != 0 {
		t.Errorf("%d tx and %d rx rings, want 1 and 0", len(p.TxRings()), len(p.RxRings()))
	}
	if _, err := Open("valekn:d/x"); !errors.Is(err, ErrBusy) {
		t.Errorf("exclusive open of what is open: %v", err)
	}
	if _, err := Open("netmap:nowhere"); !errors.Is(err, ErrNoPort) {
		t.Errorf("open of what is no device: %v", err)
	}
}
