package agent

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
)

// udp opens a UDP socket in a namespace.
func (n namespace) udp(t testing.TB, address string) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	n.do(t, func() (err error) {
		local, err := net.ResolveUDPAddr("udp4", address)
		if err == nil {
			conn, err = net.ListenUDP("udp4", local)
		}
		return err
	})
	t.Cleanup(func() { conn.Close() })
	return conn
}

// flow is numbered datagrams from one socket to another, one a millisecond.
type flow struct {
	received atomic.Int64
	last     atomic.Int64 // when the last one arrived, in nanoseconds
	longest  atomic.Int64 // the longest time without any
	disorder atomic.Int64
	stop     chan struct{}
	done     chan struct{}
}

// startFlow starts a flow that ends with the test.
func startFlow(t testing.TB, from, to *net.UDPConn, address string) *flow {
	f := &flow{stop: make(chan struct{}), done: make(chan struct{}, 2)}
	peer, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer func() { f.done <- struct{}{} }()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for number := uint64(1); ; number++ {
			select {
			case <-f.stop:
				return
			case <-tick.C:
				_, _ = from.WriteToUDP(binary.BigEndian.AppendUint64(nil, number), peer)
			}
		}
	}()
	go func() {
		defer func() { f.done <- struct{}{} }()
		buf := make([]byte, 64)
		for highest := uint64(0); ; {
			n, _, err := to.ReadFromUDP(buf)
			if err != nil {
				return
			}
			now := time.Now().UnixNano()
			if last := f.last.Swap(now); last != 0 && now-last > f.longest.Load() {
				f.longest.Store(now - last)
			}
			if number := binary.BigEndian.Uint64(buf[:n]); number <= highest {
				f.disorder.Add(1)
			} else {
				highest = number
			}
			f.received.Add(1)
		}
	}()
	t.Cleanup(func() {
		close(f.stop)
		to.Close()
		<-f.done
		<-f.done
	})
	return f
}

// openPort opens a node's eth1 as a program of the node does.
func (n *testNode) openPort(name string) *netmap.Port {
	n.Helper()
	port, err := netmap.Open(name, netmap.Socket(n.socket()))
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { _ = port.Close() }) // it may be closed already
	return port
}

// frame is a numbered frame.
func frame(to, from string, number uint32) []byte {
	dst, _ := net.ParseMAC(to)
	src, _ := net.ParseMAC(from)
	buf := append(append([]byte{}, dst...), src...)
	buf = append(buf, 0x88, 0xb5) // an EtherType for experiments
	buf = binary.BigEndian.AppendUint32(buf, number)
	return append(buf, make([]byte, 42)...)
}

// send puts a frame on a port's first ring.
func send(t testing.TB, port *netmap.Port, data []byte) {
	t.Helper()
	batch := port.TxRings()[0].Borrow(1)
	if batch.Len() == 0 {
		t.Fatal("no room to send")
	}
	batch.SetLen(0, copy(batch.Buf(0), data))
	batch.Commit(1)
	if err := port.TxSync(); err != nil {
		t.Fatal(err)
	}
}

// receive waits for a numbered frame on a port's first ring and returns its
// number, or false when there was none in time.
func receive(t testing.TB, port *netmap.Port, patience time.Duration) (uint32, bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, err := port.Poll(netmap.In, time.Until(deadline)); err != nil {
			t.Fatal(err)
		}
		batch := port.RxRings()[0].Borrow(1)
		if batch.Len() == 0 {
			continue
		}
		data := append([]byte(nil), batch.Buf(0)...)
		batch.Release(1)
		if len(data) >= 18 && data[12] == 0x88 && data[13] == 0xb5 {
			return binary.BigEndian.Uint32(data[14:]), true
		}
	}
	return 0, false
}

// exchange sends frames one way until one comes through.
func exchange(t testing.TB, from, to *netmap.Port, number uint32) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		send(t, from, frame("02:00:00:00:00:02", "02:00:00:00:00:01", number))
		if got, ok := receive(t, to, 50*time.Millisecond); ok && got == number {
			return
		}
	}
	t.Fatalf("frame %d does not come through", number)
}
