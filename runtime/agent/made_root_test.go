package agent

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// askNetmap sends a message written by hand (netmap_abi.h) and returns the errno of its answer; descriptors that come with it
// are closed.
func askNetmap(t *testing.T, n *testNode, op uint32, reqType uint16, name string, body int) func(op uint32) int32 {
	t.Helper()
	return askOn(t, n.connect(), op, reqType, name, body)
}

// askOn is askNetmap on a connection of the caller's.
func askOn(t *testing.T, conn *net.UnixConn, op uint32, reqType uint16, name string, body int) func(op uint32) int32 {
	t.Helper()
	call := netmapCall(t, conn, reqType, name, body)
	if errno := call(op); errno != 0 {
		t.Fatalf("%s: errno %d", name, errno)
	}
	return call
}

// netmapCall returns what sends such a message and returns the errno of its answer. A name that ends with /t is that of
// a copy monitor, one with /z that of a zero-copy monitor.
func netmapCall(t *testing.T, conn *net.UnixConn, reqType uint16, name string, body int) func(op uint32) int32 {
	name, monitor, _ := strings.Cut(name, "/")
	flags := map[string]uint64{"t": 0x100, "z": 0x400}[monitor]
	return func(op uint32) int32 {
		t.Helper()
		const head = 24
		order := binary.LittleEndian
		b := make([]byte, head)
		if op == 1 { // CTRL
			b = make([]byte, head+88+body)
			order.PutUint32(b[16:], uint32(body))
			order.PutUint16(b[head:], 14)
			order.PutUint16(b[head+2:], reqType)
			copy(b[head+8:], name)
			if body > 0 {
				b[head+80] = 1
			}
			switch reqType {
			case 1, 3: // REGISTER, VALE_ATTACH
				order.PutUint32(b[head+88+36:], 1) // nr_mode
				order.PutUint64(b[head+88+48:], flags)
			case 6: // PORT_HDR_SET
				order.PutUint32(b[head+88:], 12)
			}
		}
		order.PutUint32(b, op)
		order.PutUint32(b[4:], 2)
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		reply, oob := make([]byte, 512), make([]byte, unix.CmsgSpace(12))
		_, oobn, _, _, err := conn.ReadMsgUnix(reply, oob)
		if err != nil {
			t.Fatal(err)
		}
		messages, _ := unix.ParseSocketControlMessage(oob[:oobn])
		for i := range messages {
			fds, _ := unix.ParseUnixRights(&messages[i])
			for _, fd := range fds {
				unix.Close(fd)
			}
		}
		return int32(order.Uint32(reply))
	}
}

// What programs have made outlives the agent: ports of their own switches with the length of their headers, ends of
// pipes, persistent ports on a switch or two, monitors.
func TestRootMadePortsSurviveAgent(t *testing.T) {
	l := startLab(t)
	n := l.addNode("n1")
	opens := map[string]func(uint32) int32{}
	for _, name := range []string{"vale1:x", "vale1:y{7", "vale1:y}7", "vale1:x/t", "vale1:x/z", "vale1:x/z", "vale1:y{7/t", "vale1:y}7/z"} {
		opens[name] = askNetmap(t, n, 1, 1, name, 56)
	}
	askNetmap(t, n, 1, 8, "pv", 16)       // NEWIF
	askNetmap(t, n, 1, 3, "vale1:pv", 64) // VALE_ATTACH
	askNetmap(t, n, 1, 3, "vale2:pv", 64)
	askNetmap(t, n, 1, 6, "vale1:x", 8) // PORT_HDR_SET
	for range 2 {
		l.kill()
		for name, call := range opens {
			if errno := call(4); errno != 0 { // DESCRIBE
				t.Errorf("%s is not open after a restart: errno %d", name, errno)
			}
		}
		askNetmap(t, n, 1, 2, "pv", 32) // PORT_INFO_GET
		if errno := netmapCall(t, n.connect(), 3, "vale2:pv", 64)(1); errno != int32(unix.EBUSY) {
			t.Errorf("attached to vale2 again: errno %d", errno)
		}
		if errno := netmapCall(t, n.connect(), 1, "vale1:x", 56)(1); errno != int32(unix.EIO) {
			t.Errorf("opened without accepting headers: errno %d", errno)
		}
	}
}
