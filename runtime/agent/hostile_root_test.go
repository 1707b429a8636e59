package agent

import (
	"errors"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap"
)

// connect connects to a node's socket and says nothing.
func (n *testNode) connect() *net.UnixConn {
	n.Helper()
	var conn *net.UnixConn
	eventually(n, "room for a connection", func() bool {
		var err error
		conn, err = net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: n.socket(), Net: "unixpacket"})
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			n.Fatal(err)
		}
		return err == nil
	})
	n.Cleanup(func() { conn.Close() })
	return conn
}

// closed says whether the agent has closed a connection.
func closed(conn *net.UnixConn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	n, err := conn.Read(make([]byte, 1024))
	timeout, ok := err.(net.Error)
	return n <= 0 && !(ok && timeout.Timeout())
}

// Connections that ask for nothing make room for others.
func TestRootSilentProgramsMakeRoom(t *testing.T) {
	l := startLab(t)
	n := l.oneNode()
	var silent []*net.UnixConn
	for range 3 * maxWaiting {
		silent = append(silent, n.connect())
	}
	port := n.openPort("netmap:eth1")
	for i, conn := range silent[:2*maxWaiting] {
		eventually(t, "end of an old connection", func() bool { return closed(conn) })
		if t.Failed() {
			t.Fatalf("connection %d", i)
		}
	}
	if closed(silent[3*maxWaiting-1]) {
		t.Error("the newest connection was closed")
	}
	if err := port.RxSync(); err != nil {
		t.Errorf("the port was taken away: %v", err)
	}
}

// Whatever a program sends, it is answered or hung up on, and harms nobody.
func TestRootGarbageFromPrograms(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	agent := l.version()
	p2 := n2.openPort("netmap:eth1")
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		conn := n1.connect()
		for range 1 + random.IntN(3) {
			garbage := make([]byte, random.IntN(300))
			for i := range garbage {
				garbage[i] = byte(random.IntN(256) >> random.IntN(9))
			}
			if len(garbage) > 8 && random.IntN(2) == 0 {
				copy(garbage, []byte{1, 0, 0, 0, 1, 0, 0, 0}) // a request, so far
			}
			if _, err := conn.Write(garbage); err != nil {
				break // hung up on
			}
		}
		conn.Close()
	}
	for _, name := range []string{"netmap:eth2", "netmap:n2:eth1", "netmap:../n2", "netmap:eth1-7"} {
		if port, err := netmap.Open(name, netmap.Socket(n1.socket())); err == nil {
			t.Errorf("%s could be opened", name)
			port.Close()
		}
	}
	exchange(t, n1.openPort("netmap:eth1"), p2, 1)
	if now := l.version(); now.PID != agent.PID {
		t.Error("the agent died")
	}
}

// A program that never reads its replies is hung up on and holds up nobody.
func TestRootProgramThatDoesNotRead(t *testing.T) {
	l := startLab(t)
	n := l.oneNode()
	conn := n.connect()
	request := make([]byte, 96) // refused: no version
	for range 100000 {
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := conn.Write(request); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				t.Fatal("the agent no longer reads")
			}
			n.openPort("netmap:eth1")
			return
		}
	}
	t.Fatal("the agent keeps more replies than a socket holds")
}
