package netmap

import (
	"errors"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

func TestPollTimeout(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	for _, limit := range []time.Duration{0, time.Microsecond, 20 * time.Millisecond} {
		begin := time.Now()
		if ev, err := p.Poll(In, limit); ev != 0 || err != nil {
			t.Errorf("poll for %v: %v, %v", limit, ev, err)
		}
		if took := time.Since(begin); took < limit {
			t.Errorf("poll for %v took %v", limit, took)
		}
	}
	if ev, err := p.Poll(In|Out, -1); ev != Out || err != nil {
		t.Errorf("poll of an empty port: %v, %v", ev, err)
	}
}

func TestInterrupt(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	p.Interrupt() // ends the next sleep
	for _, during := range []bool{false, true} {
		if during {
			time.AfterFunc(20*time.Millisecond, p.Interrupt)
		}
		if ev, err := p.Poll(In, time.Minute); ev != 0 || err != nil {
			t.Errorf("interrupted poll: %v, %v", ev, err)
		}
	}
	begin := time.Now()
	if ev, err := p.Poll(In, 5*time.Millisecond); ev != 0 || err != nil || time.Since(begin) < 5*time.Millisecond {
		t.Errorf("the poll after it: %v, %v after %v", ev, err, time.Since(begin))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p.Interrupt()
}

// Every poll sends what is committed, unless it is told not to; only a poll for Out then does.
func TestPollSyncsTx(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	send(t, p.TxRings()[0], 7, 2)
	receive(t, p, p.RxRings()[0], 7, 2) // polls for In
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, "netmap:eth1", NoTxPoll())
	tx := p.TxRings()[0]
	send(t, tx, 7, 2)
	if _, err := p.Poll(In, 0); err != nil || tx.Pending() != 2 {
		t.Errorf("poll for In with NoTxPoll: %v, %d pending", err, tx.Pending())
	}
	if _, err := p.Poll(Out, 0); err != nil || tx.Pending() != 0 {
		t.Errorf("poll for Out with NoTxPoll: %v, %d pending", err, tx.Pending())
	}
}

// A poll for Out does not give received slots back; one for In does.
func TestPollOutReleasesNothing(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	rx := p.RxRings()[0]
	send(t, p.TxRings()[0], 0, 5)
	receive(t, p, rx, 0, 4)
	if ev, err := p.Poll(In, time.Second); ev != In || err != nil {
		t.Fatal(ev, err)
	}
	rx.Borrow(1).Release(1)
	shared, err := s.Ring(2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Poll(Out, 0); err != nil || shared.Ctl.Head.Load() != 4 {
		t.Errorf("poll for Out: %v, head %d", err, shared.Ctl.Head.Load())
	}
	if _, err := p.Poll(In, 0); err != nil || shared.Ctl.Head.Load() != 5 {
		t.Errorf("poll for In: %v, head %d", err, shared.Ctl.Head.Load())
	}
}

// With Await a program sleeps although it holds frames, until there are more.
func TestAwait(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	tx, rx := p.TxRings()[0], p.RxRings()[0]
	send(t, tx, 0, 3)
	eventually(t, 5*time.Second, "three frames", func() bool {
		if err := errors.Join(p.TxSync(), p.RxSync()); err != nil {
			t.Fatal(err)
		}
		return rx.Available() == 3
	})
	rx.Await(3)
	if ev, err := p.Poll(In, 10*time.Millisecond); ev != 0 || err != nil {
		t.Errorf("poll past the three: %v, %v", ev, err)
	}
	rx.Await(2)
	if ev, err := p.Poll(In, 0); ev != In || err != nil {
		t.Errorf("poll past two of three: %v, %v", ev, err)
	}
	rx.Await(3)
	send(t, tx, 3, 1)
	if ev, err := p.Poll(In, 5*time.Second); ev != In || err != nil || rx.Available() != 4 {
		t.Errorf("poll after one more: %v, %v, %d frames", ev, err, rx.Available())
	}
	rx.Borrow(1).Release(1) // ends it
	if ev, err := p.Poll(In, 0); ev != In || err != nil {
		t.Errorf("poll after a release: %v, %v", ev, err)
	}
}

// A port that the switch takes away wakes the program with ErrDetached.
func TestPollDetached(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	detached := make(chan struct{})
	go func() {
		defer close(detached)
		time.Sleep(20 * time.Millisecond)
		s.Detach()
	}()
	if ev, err := p.Poll(In, 10*time.Second); ev != 0 || !errors.Is(err, ErrDetached) {
		t.Errorf("poll: %v, %v", ev, err)
	}
	<-detached
	for what, err := range map[string]error{"tx sync": p.TxSync(), "rx sync": p.RxSync()} {
		if !errors.Is(err, ErrDetached) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// No wake-up is lost: frames go back and forth one at a time, both sides asleep between them.
func TestPingPong(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 4})
	p := open(t, "netmap:eth1")
	for i := range 20_000 {
		send(t, p.TxRings()[0], byte(i), 1)
		receive(t, p, p.RxRings()[0], byte(i), 1)
	}
}
