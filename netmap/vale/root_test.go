package vale

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// lan is a network namespace with the engine's ends of veths, and the namespaces of two nodes whose eth1 is
// the other end: 10.0.0.N/24 and fd00::N/64.
type lan struct {
	e     *Engine
	s     *Switch
	ports []*Port
	nodes []*os.File
}

// newNetns makes a network namespace; it ends with its file. The test is skipped where that is not permitted.
func newNetns(t *testing.T) *os.File {
	t.Helper()
	var f *os.File
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // and thrown away
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			errs <- err
			return
		}
		var err error
		f, err = os.Open("/proc/thread-self/ns/net")
		errs <- err
	}()
	err := <-errs
	if errors.Is(err, unix.EPERM) {
		t.Skip("network namespaces are not permitted here")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// in runs f on a thread in a network namespace.
func in(t *testing.T, ns *os.File, f func() error) {
	t.Helper()
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // and thrown away
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			errs <- err
			return
		}
		errs <- f()
	}()
	if err := <-errs; err != nil {
		t.Fatal(err)
	}
}

func newLAN(t *testing.T, mtu int) *lan {
	l := &lan{}
	lab := newNetns(t)
	l.e = New(Config{})
	t.Cleanup(func() { l.e.Close() })
	var err error
	if l.s, err = l.e.NewSwitch("s", false, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		node := newNetns(t)
		l.nodes = append(l.nodes, node)
		var sock int
		in(t, lab, func() error {
			veth := netlink.NewVeth(netlink.LinkAttrs{Name: fmt.Sprint("p", i), MTU: mtu})
			veth.PeerName = "eth1"
			veth.PeerNamespace = netlink.NsFd(node.Fd())
			if err := netlink.LinkAdd(veth); err != nil {
				return err
			}
			if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+veth.Name+"/disable_ipv6", []byte("1"), 0); err != nil {
				return err
			}
			if err := netlink.LinkSetUp(veth); err != nil {
				return err
			}
			sock, err = OpenPacketSocket(veth.Attrs().Index, false)
			return err
		})
		t.Cleanup(func() { unix.Close(sock) })
		port, err := l.s.AttachSocket(fmt.Sprint("n", i+1), -1, sock, mtu)
		if err != nil {
			t.Fatal(err)
		}
		l.ports = append(l.ports, port)
	}
	// Last of all, since a kernel sends to its neighbours as soon as it has an address: with both ports there,
	// no frame lacks somewhere to go.
	for i, node := range l.nodes {
		in(t, node, func() error { return setUpNode(i+1, mtu) })
	}
	return l
}

func setUpNode(n, mtu int) error {
	link, err := netlink.LinkByName("eth1")
	if err != nil {
		return err
	}
	for _, address := range []string{fmt.Sprintf("10.0.0.%d/24", n), fmt.Sprintf("fd00::%d/64", n)} {
		a, err := netlink.ParseAddr(address)
		if err != nil {
			return err
		}
		a.Flags |= unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, a); err != nil {
			return err
		}
	}
	if err := netlink.LinkSetMTU(link, mtu); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// transfer sends bytes from node 1 to node 2 over TCP and compares their hash.
func (l *lan) transfer(t *testing.T, to netip.Addr, size int) {
	t.Helper()
	data := make([]byte, size)
	rnd := rand.NewChaCha8([32]byte{1})
	rnd.Read(data)
	var listener net.Listener
	in(t, l.nodes[1], func() (err error) {
		listener, err = net.Listen("tcp", netip.AddrPortFrom(to, 5000).String())
		return err
	})
	defer listener.Close()
	sums := make(chan [32]byte, 1)
	go func() {
		defer close(sums)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		h := sha256.New()
		if _, err := io.Copy(h, c); err == nil {
			sums <- [32]byte(h.Sum(nil))
		}
	}()
	in(t, l.nodes[0], func() error {
		c, err := net.DialTimeout("tcp", netip.AddrPortFrom(to, 5000).String(), 10*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(60 * time.Second))
		_, err = c.Write(data)
		return err
	})
	if got := <-sums; got != sha256.Sum256(data) {
		t.Fatal("the bytes differ")
	}
}

func TestRootTCP(t *testing.T) {
	for _, mtu := range []int{1500, 9216, 1280} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			l := newLAN(t, mtu)
			l.transfer(t, netip.MustParseAddr("10.0.0.2"), 20<<20)
			l.transfer(t, netip.MustParseAddr("fd00::2"), 20<<20)
			for _, r := range l.e.Stats() {
				if r.Drops.Bad+r.Drops.TooBig+r.Drops.NoPort != 0 {
					t.Errorf("drops: %+v", r)
				}
			}
		})
	}
}

// TestRootBridgedTCP puts node 2's kernel stack behind its host rings: all frames are segmented, their
// checksums completed, for a program that carries them over.
func TestRootBridgedTCP(t *testing.T) {
	for _, mtu := range []int{1500, 9216} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			l := newLAN(t, mtu)
			o, err := l.ports[1].OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_NIC_SW, Rings: 1, Slots: 2048})
			if err != nil {
				t.Fatal(err)
			}
			stop, done := make(chan struct{}), make(chan struct{})
			go bridge(find(t, o, false, false, 0), find(t, o, true, true, 0),
				find(t, o, false, true, 0), find(t, o, true, false, 0), stop, done)
			l.transfer(t, netip.MustParseAddr("10.0.0.2"), 10<<20)
			l.transfer(t, netip.MustParseAddr("fd00::2"), 10<<20)
			close(stop)
			<-done
			// Back in socket mode.
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			l.transfer(t, netip.MustParseAddr("10.0.0.2"), 1<<20)
		})
	}
}

// bridge copies slots both ways, NIC to host and back, until stop.
func bridge(nicRx, hostTx, hostRx, nicTx *prog, stop, done chan struct{}) {
	defer close(done)
	carry := func(from, to *prog) bool {
		n := min(from.free(), to.free())
		for _, s := range from.take(n) {
			to.put(s.data, s.flags&abi.NS_MOREFRAG)
		}
		from.Ctl.Head.Store(from.head)
		return to.publish() == nil && n > 0
	}
	for sleeps := uint32(1); ; sleeps++ {
		select {
		case <-stop:
			return
		default:
		}
		if a, b := carry(nicRx, hostTx), carry(hostRx, nicTx); a || b {
			continue
		}
		nicRx.Ctl.Wait.Store(sleeps)
		hostRx.Ctl.Wait.Store(sleeps)
		if nicRx.free() == 0 && hostRx.free() == 0 {
			nicRx.await(10 * time.Millisecond)
		}
	}
}

// TestRootVLAN: a tag that the kernel keeps beside the frame comes back into it.
func TestRootVLAN(t *testing.T) {
	l := newLAN(t, 1500)
	o, err := l.ports[1].OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64})
	if err != nil {
		t.Fatal(err)
	}
	rx := find(t, o, false, false, 0)
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x81, 0, 0x60, 7}, eth(1, 2, 80)[12:]...)
	in(t, l.nodes[0], func() error {
		link, err := netlink.LinkByName("eth1")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index})
	})
	for range 1000 {
		for _, got := range rx.frames() {
			if bytes.Equal(got, frame) {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the tagged frame did not come")
}

// TestRootDownInterface: frames for an interface that is down or gone are counted, and the switch goes on.
func TestRootDownInterface(t *testing.T) {
	l := newLAN(t, 1500)
	in(t, l.nodes[1], func() error {
		link, err := netlink.LinkByName("eth1")
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	o, _ := mustOpen(t, l.s, "p", abi.NR_REG_ALL_NIC, 1, 64)
	tx := find(t, o, true, false, 0)
	tx.put(eth(0xff, 1, 60), 0)
	tx.sync(t)
	for range 1000 {
		for _, r := range l.e.Stats() {
			if r.Port == "n2" && r.Drops.Socket > 0 {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("no drop was counted: %+v", l.e.Stats())
}
