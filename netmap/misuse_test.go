package netmap

import (
	"errors"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

func TestTxMisuse(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	tx := p.TxRings()[0]

	b := tx.Borrow(4)
	panics(t, "slot past the batch", "index out of range", func() { b.Buf(4) })
	panics(t, "negative slot", "index out of range", func() { b.Buf(-1) })
	panics(t, "length of a slot past the batch", "index out of range", func() { b.SetLen(4, 1) })
	panics(t, "frame too long", tooLong, func() { b.SetLen(0, 2049) })
	panics(t, "negative length", tooLong, func() { b.SetLen(0, -1) })
	panics(t, "commit of more", notBorrowed, func() { b.Commit(5) })
	panics(t, "commit of less than nothing", notBorrowed, func() { b.Commit(-1) })
	panics(t, "commit without lengths", noLength, func() { b.Commit(1) })
	b.SetLen(0, 60)
	b.Put(1, []byte("frame"))
	panics(t, "commit of a slot without a length", noLength, func() { b.Commit(3) })
	panics(t, "frame too long to put", tooLong, func() { b.Put(2, make([]byte, 2049)) })
	b.SetLen(1, 60)
	panics(t, "commit with one slot set twice and another never", noLength, func() { b.Commit(3) })
	b.SetLen(3, 60)
	panics(t, "commit with a slot left out", noLength, func() { b.Commit(4) })
	b.SetLen(2, 60)
	b.SetLen(3, 61)
	b.Commit(4)
	panics(t, "slot after commit", notBorrowed, func() { b.Buf(0) })
	panics(t, "flags after commit", notBorrowed, func() { b.SetFlags(0, 0) })
	panics(t, "second commit", notBorrowed, func() { b.Commit(0) })

	b = tx.Borrow(4)
	for i := b.Len() - 1; i >= 0; i-- {
		panics(t, "commit before the first slot is set", noLength, func() { b.Commit(b.Len()) })
		b.SetLen(i, 60)
	}
	b.Commit(b.Len())

	old := tx.Borrow(4)
	b = tx.Borrow(4)
	panics(t, "slot of an older batch", notBorrowed, func() { old.Buf(0) })
	panics(t, "commit of an older batch", notBorrowed, func() { old.Commit(1) })
	b.Commit(0)

	if n := tx.Borrow(-5).Len(); n != 0 {
		t.Errorf("borrowing less than nothing gives %d", n)
	}
	panics(t, "awaiting more than there is", "netmap: Await of more slots than are available", func() { tx.Await(14) })

	b = tx.Borrow(1)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	panics(t, "slot after close", notBorrowed, func() { b.Buf(0) })
	panics(t, "commit after close", notBorrowed, func() { b.Commit(1) })
}

func TestRxMisuse(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	rx := p.RxRings()[0]
	send(t, p.TxRings()[0], 0, 6)
	eventually(t, 5*time.Second, "six frames", func() bool {
		if err := errors.Join(p.TxSync(), p.RxSync()); err != nil {
			t.Fatal(err)
		}
		return rx.Available() == 6
	})

	b := rx.Borrow(3)
	panics(t, "slot past the batch", "index out of range", func() { b.Buf(3) })
	panics(t, "flags past the batch", "index out of range", func() { b.Flags(-1) })
	panics(t, "release of more", notBorrowed, func() { b.Release(4) })
	b.Release(3)
	panics(t, "slot after release", notBorrowed, func() { b.Buf(0) })
	panics(t, "second release", notBorrowed, func() { b.Release(0) })
	b = rx.Borrow(3)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	panics(t, "slot after close", notBorrowed, func() { b.Buf(0) })
}

func TestUseAfterClose(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	tx := p.TxRings()[0]
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if tx.Available() != 0 || tx.Borrow(1).Len() != 0 {
		t.Error("a closed ring lends slots")
	}
	_, err := p.Poll(In|Out, -1)
	for op, err := range map[string]error{
		"tx sync": p.TxSync(), "rx sync": p.RxSync(), "ring sync": tx.Sync(), "poll": err, "close": p.Close(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", op, err)
		}
	}
}
