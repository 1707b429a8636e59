package serve

import (
	"errors"
	"io"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// pair is a connection: the program's end and the switch's, neither of which
// blocks.
func pair(t testing.TB) (program, conn int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// ask sends a request.
func ask(t testing.TB, program int, reqType uint16, name string) {
	t.Helper()
	q, err := wire.NewRequest(reqType, name)
	if err != nil {
		t.Fatal(err)
	}
	if body := q.Register(); body != nil {
		body.Mode = abi.NR_REG_ONE_NIC
		body.RingID = 3
		body.Flags = abi.NR_TX_RINGS_ONLY | abi.NR_NO_TX_POLL | 1 // one that netmap does not know
	}
	if _, err := unix.Write(program, q.Encode()); err != nil {
		t.Fatal(err)
	}
}

// replies reads all replies that have come.
func replies(t testing.TB, program int) (all []wire.Reply) {
	t.Helper()
	buf := make([]byte, 1024)
	for {
		n, err := unix.Read(program, buf)
		if errors.Is(err, unix.EAGAIN) {
			return all
		}
		if err != nil || n == 0 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		r, err := wire.DecodeReply(buf[:n], abi.NMU_OP_CTRL)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

func TestPeekLeavesTheRequest(t *testing.T) {
	program, conn := pair(t)
	if _, err := Peek(conn); !errors.Is(err, ErrNothing) {
		t.Fatalf("before a request: %v", err)
	}
	ask(t, program, abi.NETMAP_REQ_REGISTER, "eth1")
	var q *Request
	for range 3 {
		var err error
		if q, err = Peek(conn); err != nil {
			t.Fatal(err)
		}
		if q.Name() != "eth1" || !q.Opens() || q.Rings() != (Rings{Mode: abi.NR_REG_ONE_NIC, RingID: 3, Flags: abi.NR_TX_RINGS_ONLY | abi.NR_NO_TX_POLL}) {
			t.Fatalf("request for %q, opens %v, %+v", q.Name(), q.Opens(), q.Rings())
		}
	}
	if err := q.Refuse(vale.ErrBusy); err != nil {
		t.Fatal(err)
	}
	if r := replies(t, program); len(r) != 1 || r[0].Errno != unix.EBUSY {
		t.Errorf("replies %+v", r)
	}
	if _, err := Peek(conn); !errors.Is(err, ErrNothing) {
		t.Errorf("after the answer: %v", err)
	}
	unix.Shutdown(program, unix.SHUT_RDWR)
	if _, err := Peek(conn); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestDescribe(t *testing.T) {
	program, conn := pair(t)
	ask(t, program, abi.NETMAP_REQ_PORT_INFO_GET, "eth1")
	q, err := Peek(conn)
	if err != nil || q.Opens() {
		t.Fatalf("%v, opens %v", err, q.Opens())
	}
	if err := q.Describe(Geometry{Rings: 1, Slots: 1024}); err != nil {
		t.Fatal(err)
	}
	r := replies(t, program)
	want := abi.ReqPortInfo{
		Memsize: 42369024, TxSlots: 1024, RxSlots: 1024, TxRings: 1, RxRings: 1, HostTxRings: 1, HostRxRings: 1,
	}
	if len(r) != 1 || r[0].Errno != 0 || *r[0].Body.(*abi.ReqPortInfo) != want {
		t.Errorf("replies %+v", r)
	}
}

func TestErrno(t *testing.T) {
	for err, want := range map[error]unix.Errno{
		vale.ErrBusy: unix.EBUSY, vale.ErrInvalid: unix.EINVAL, vale.ErrClosed: unix.ENXIO,
		unix.EMFILE: unix.EMFILE, io.EOF: unix.EIO,
	} {
		if got := errno(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

// One Peek takes at most one request away: a program that keeps sending what
// makes no sense must not keep its server from everybody else.
func TestPeekRefusesOne(t *testing.T) {
	program, conn := pair(t)
	for range 3 {
		if _, err := unix.Write(program, []byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := Peek(conn); !errors.Is(err, ErrNothing) {
			t.Fatal(err)
		}
		if r := replies(t, program); len(r) != 1 || r[0].Errno != unix.EINVAL {
			t.Fatalf("replies %+v", r)
		}
	}
}

// A message is a request, or it is refused at once; either way there is one
// answer to it and nothing is left.
func FuzzPeek(f *testing.F) {
	q, err := wire.NewRequest(abi.NETMAP_REQ_REGISTER, "eth1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q.Encode())
	f.Add(q.Encode()[:90])
	f.Add([]byte{1})
	f.Add(make([]byte, 2*tooLong))
	f.Fuzz(func(t *testing.T, message []byte) {
		if len(message) == 0 || len(message) > 64<<10 {
			return // the end, or more than a socket takes
		}
		program, conn := pair(t)
		if _, err := unix.Write(program, message); err != nil {
			t.Fatal(err)
		}
		q, err := Peek(conn)
		if err == nil {
			err = q.RefuseUnknown()
		} else if errors.Is(err, ErrNothing) {
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := replies(t, program); len(r) != 1 || r[0].Errno == 0 {
			t.Errorf("replies %+v", r)
		}
		if _, err := Peek(conn); !errors.Is(err, ErrNothing) {
			t.Errorf("then: %v", err)
		}
	})
}
