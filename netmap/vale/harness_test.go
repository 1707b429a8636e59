package vale

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// newManual makes an engine whose workers are driven by settle.
func newManual(t testing.TB, workers int) *Engine {
	t.Helper()
	e := newEngine(Config{Workers: workers, Spin: 1})
	if e.err != nil {
		t.Fatal(e.err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// settle makes passes until no worker finds anything. Ports that have broken the rules are detached by another
// goroutine, which is kept out meanwhile, as a worker that runs does.
func (e *Engine) settle() {
	for quiet := 0; quiet < 2; quiet++ {
		e.mu.Lock()
		for _, w := range e.workers {
			if w.core.Step() > 0 {
				quiet = -1
			}
			w.reportBroken()
		}
		e.mu.Unlock()
	}
}

// newSocketPair makes a stand-in for an AF_PACKET socket: messages with a virtio-net header in front. The
// first is for AttachSocket.
func newSocketPair(t testing.TB) (sock, peer int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 64<<20); err != nil {
			// Not root: as much as anyone gets.
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

const vnetSize = 10

// vnet is struct virtio_net_hdr.
type vnet struct {
	flags, gsoType                         uint8
	hdrLen, gsoSize, csumStart, csumOffset uint16
}

func (v vnet) encode() []byte {
	b := []byte{v.flags, v.gsoType}
	for _, f := range []uint16{v.hdrLen, v.gsoSize, v.csumStart, v.csumOffset} {
		b = binary.LittleEndian.AppendUint16(b, f)
	}
	return b
}

func sendSocket(t testing.TB, peer int, v vnet, frame []byte) {
	t.Helper()
	if err := unix.Send(peer, append(v.encode(), frame...), 0); err != nil {
		t.Fatalf("send to the switch's socket: %v", err)
	}
}

// recvSocket returns all frames that wait, without their headers.
func recvSocket(t testing.TB, peer int) (frames [][]byte) {
	t.Helper()
	buf := make([]byte, 1<<17)
	for {
		n, _, err := unix.Recvfrom(peer, buf, 0)
		if err == unix.EAGAIN {
			return frames
		}
		if err != nil || n < vnetSize {
			t.Fatalf("receive from the switch's socket: %d bytes, %v", n, err)
		}
		frames = append(frames, bytes.Clone(buf[vnetSize:n]))
	}
}

// prog is a program's side of one ring of an open, without package netmap: a test must be able to break
// rules. Its mapping and descriptors are its own.
type prog struct {
	*region.Ring
	kick, wake int
	head       uint32
}

// ringsOf maps an open as a program does and returns its rings.
func ringsOf(t testing.TB, o *Open) (rings []*prog) {
	t.Helper()
	files := o.Files()
	view, err := region.Map(files.Region, o.Grant())
	if err != nil {
		t.Fatal(err)
	}
	kick, err := unix.Dup(int(files.Kick.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	wake, err := unix.Dup(int(files.Wake.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range view.Rings {
		rings = append(rings, &prog{Ring: r, kick: kick, wake: wake, head: r.Ctl.Head.Load()})
	}
	t.Cleanup(func() {
		view.Close()
		unix.Close(kick)
		unix.Close(wake)
	})
	return rings
}

// find picks the ring with this identity.
func find(t testing.TB, o *Open, tx, host bool, id int) *prog {
	t.Helper()
	for _, p := range ringsOf(t, o) {
		if p.Tx == tx && p.Host == host && (host || p.ID == id) {
			return p
		}
	}
	t.Fatalf("the open has no ring tx=%v host=%v %d", tx, host, id)
	return nil
}

func (p *prog) n() uint32 { return uint32(p.Slots) }

// free is the number of slots that may be sent (TX) or are to be read (RX).
func (p *prog) free() uint32 { return (p.Ctl.Tail.Load() + p.n() - p.head) % p.n() }

// put writes one slot at head: bytes into its buffer, then the slot's length and flags.
func (p *prog) put(piece []byte, flags uint16) *abi.Slot {
	s := &p.Array[p.head]
	copy(p.Buf(s.BufIdx), piece)
	s.Len, s.Flags = uint16(len(piece)), flags
	p.head = (p.head + 1) % p.n()
	return s
}

// publish moves head and rings the doorbell if need be.
func (p *prog) publish() error {
	p.Ctl.Head.Store(p.head)
	p.Ctl.Syncs.Add(1)
	if p.Ctl.Doorbell.Load() == 0 {
		return nil
	}
	_, err := unix.Write(p.kick, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return err
}

// sync is publish in a test's own goroutine.
func (p *prog) sync(t testing.TB) {
	t.Helper()
	if err := p.publish(); err != nil {
		t.Fatalf("kick: %v", err)
	}
}

// take reads up to max delivered slots, from slot head on, without giving them back.
type taken struct {
	data  []byte
	flags uint16
}

func (p *prog) take(max uint32) (slots []taken) {
	for range min(max, p.free()) {
		s := p.Array[p.head]
		slots = append(slots, taken{bytes.Clone(p.Buf(s.BufIdx)[:s.Len]), s.Flags})
		p.head = (p.head + 1) % p.n()
	}
	return slots
}

// eth makes a frame of n bytes.
func eth(dst, src byte, n int) []byte {
	f := make([]byte, max(n, 14))
	copy(f, []byte{2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src, 0x88, 0xb5})
	for i := 14; i < n; i++ {
		f[i] = byte(i) ^ src
	}
	return f[:n]
}

// mustOpen attaches a port on a socket pair and opens it; slots per ring.
func mustOpen(t testing.TB, s *Switch, name string, mode uint32, rings, slots int) (*Open, int) {
	t.Helper()
	sock, peer := newSocketPair(t)
	p, err := s.AttachSocket(name, -1, sock, 1500)
	if err != nil {
		t.Fatal(err)
	}
	o, err := p.OpenRings(OpenConfig{Interface: "eth1", Mode: mode, Rings: rings, Slots: slots})
	if err != nil {
		t.Fatal(err)
	}
	return o, peer
}

// await sleeps until the switch wakes the program, or for the timeout, and says whether it was woken.
func (p *prog) await(timeout time.Duration) bool {
	deadline := time.Now().Add(timeout)
	fds := []unix.PollFd{{Fd: int32(p.wake), Events: unix.POLLIN}}
	for {
		ts := unix.NsecToTimespec(max(0, time.Until(deadline).Nanoseconds()))
		n, err := unix.Ppoll(fds, &ts, nil)
		if err == unix.EINTR {
			continue
		}
		if n != 1 {
			return false
		}
		var buf [8]byte
		unix.Read(p.wake, buf[:])
		return true
	}
}

// sendRaw sends a message whose header is what it is.
func sendRaw(peer int, message []byte) error { return unix.Send(peer, message, 0) }
