package agent

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// breakRules opens a node's eth1 with messages written by hand (netmap_abi.h)
// and moves the head of its first ring to where no ring goes.
func breakRules(t *testing.T, n *testNode) {
	t.Helper()
	const head, header, register = 24, 88, 56
	order := binary.LittleEndian
	request := make([]byte, head+header+register)
	order.PutUint32(request, 1)                  // NMU_OP_CTRL
	order.PutUint32(request[4:], 2)              // NMU_VERSION
	order.PutUint32(request[16:], register)      // body_len
	order.PutUint16(request[head:], 14)          // nr_version
	order.PutUint16(request[head+2:], 1)         // NETMAP_REQ_REGISTER
	copy(request[head+8:], "eth1")               // nr_name
	request[head+80] = 1                         // nr_body: there is one
	order.PutUint32(request[head+header+36:], 1) // nr_mode: NR_REG_ALL_NIC
	conn := n.connect()
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	reply, oob := make([]byte, 512), make([]byte, unix.CmsgSpace(3*4))
	size, oobn, _, _, err := conn.ReadMsgUnix(reply, oob)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 || size != head+header+register+88 {
		t.Fatalf("reply of %d bytes, %d control messages, %v", size, len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		t.Fatal(err)
	}
	region, kick := fds[0], fds[1]
	grant := reply[head+header+register:]
	memory, err := unix.Mmap(region, 0, int(order.Uint64(grant)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Munmap(memory)
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	})
	order.PutUint32(memory[order.Uint64(grant[40:])+256:], 1<<30) // head of the TX ring, which lies behind the RX ring
	if _, err := unix.Write(kick, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "hang-up", func() bool { return closed(conn) })
}

// A program that breaks the rules loses its port, and the API tells why.
func TestRootBrokenPortIsDetached(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	p2 := n2.openPort("netmap:eth1")
	events, err := l.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	breakRules(t, n1)
	if event := events.await(t, EventDetach); event.Node != "n1" || !strings.Contains(event.Message, "ring 0") {
		t.Errorf("event %+v", event)
	}
	e := l.inventory().Endpoints[0]
	if e.Mode != ModeSocket || e.Fault == "" {
		t.Errorf("endpoint in mode %s, fault %q", e.Mode, e.Fault)
	}
	exchange(t, n1.openPort("netmap:eth1"), p2, 1)
	if fault := l.inventory().Endpoints[0].Fault; fault != "" {
		t.Errorf("fault %q of a port that is open again", fault)
	}
}
