package serve

import (
	"encoding/json"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// What a program asks for outlives the server that was asked: mode, ring and flags come back in the answer,
// also when they were kept as JSON meanwhile.
func TestGrantAfterRestart(t *testing.T) {
	e := vale.New(vale.Config{Workers: 1})
	t.Cleanup(func() { e.Close() })
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, sock := pair(t) // stands in for a packet socket
	port, err := s.AttachSocket("p", -1, sock, 1500)
	if err != nil {
		t.Fatal(err)
	}
	program, conn := pair(t)
	ask(t, program, abi.NETMAP_REQ_REGISTER, "eth1")
	q, err := Peek(conn)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(q.Rings())
	if err != nil {
		t.Fatal(err)
	}
	var rings Rings
	if err := json.Unmarshal(kept, &rings); err != nil {
		t.Fatal(err)
	}
	open, err := Open(port, "eth1", rings, Geometry{Rings: 4, Slots: 64}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Grant(open); err != nil {
		t.Fatal(err)
	}
	buf, rights := make([]byte, 1024), make([]byte, unix.CmsgSpace(4*wire.GrantFiles))
	n, _, _, _, err := unix.Recvmsg(program, buf, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.DecodeReply(buf[:n], abi.NMU_OP_CTRL)
	if err != nil || r.Errno != 0 {
		t.Fatalf("%v, %v", r.Errno, err)
	}
	want := uint64(abi.NR_TX_RINGS_ONLY | abi.NR_NO_TX_POLL)
	if got := r.Body.(*abi.ReqRegister); got.Mode != abi.NR_REG_ONE_NIC || got.RingID != 3 || got.Flags != want {
		t.Errorf("mode %d, ring %d, flags %#x", got.Mode, got.RingID, got.Flags)
	}
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != wire.GrantFiles {
		t.Errorf("files %v, %v", fds, err)
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
}
