package tap

import (
	"bytes"
	"errors"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/vale"
)

// TestRootDevice captures at one end of a pair of devices, in a namespace of the test's own.
func TestRootDevice(t *testing.T) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); errors.Is(err, unix.EPERM) {
		t.Skip("making network namespaces is not permitted: run as root")
	} else if err != nil {
		t.Fatal(err)
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "port"}, PeerName: "node"}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	index := map[string]int{}
	for _, name := range []string{"port", "node"} {
		l, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		if err != nil {
			t.Fatal(err)
		}
		index[name] = l.Attrs().Index
	}
	c, err := Start([]Point{{IfIndex: index["port"], Longest: 1518}, {IfIndex: index["port"], Longest: 1518, Host: true}}, 1<<18, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	send := func(from string, number byte, tag []byte) {
		t.Helper()
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, frameOf(number, tag), 0, &unix.SockaddrLinklayer{Ifindex: index[from]}); err != nil {
			t.Fatal(err)
		}
	}
	// Pairs of devices hand a frame over before the call that sends it returns.
	send("node", 1, nil) // before the device is the port
	c.Device(0, true)
	send("node", 2, nil)
	send("port", 3, nil)
	send("node", 4, []byte{0x81, 0, 0, 5})
	c.Device(0, false)
	c.Device(1, true)
	send("node", 5, nil)
	send("port", 6, nil)
	c.Device(1, false)
	send("port", 7, nil)

	type seen struct {
		point int
		sent  bool
		data  string
	}
	var got []seen
	wanted := 5
	for deadline := time.Now().Add(20 * time.Second); len(got) < wanted && time.Now().Before(deadline); {
		err := c.Read(func(f vale.Captured) error {
			if f.Len >= 14 && bytes.Equal(f.Data[:6], frameOf(0, nil)[:6]) { // not of the kernel's own
				got = append(got, seen{f.Point, f.Sent, string(f.Data)})
				if f.Len != len(f.Data) || time.Since(f.Time).Abs() > time.Hour {
					t.Errorf("%+v", f)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []seen{
		{0, true, string(frameOf(2, nil))}, {0, false, string(frameOf(3, nil))}, {0, true, string(frameOf(4, []byte{0x81, 0, 0, 5}))},
		{1, false, string(frameOf(5, nil))}, {1, true, string(frameOf(6, nil))},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %#v\nwant %#v", got, want)
	}
	if c.Lost(0)+c.Lost(1) != 0 {
		t.Errorf("%d and %d lost", c.Lost(0), c.Lost(1))
	}
	if err := netlink.LinkDel(pair); err != nil { // its end is no reason to spin or to fail
		t.Fatal(err)
	}
	if err := c.Read(func(vale.Captured) error { return nil }); err != nil {
		t.Error(err)
	}
}

// frameOf is a frame with a number, and a VLAN tag after the addresses if there is one.
func frameOf(number byte, tag []byte) []byte {
	to, _ := net.ParseMAC("02:00:00:00:77:77")
	return slices.Concat(to, []byte{2, 0, 0, 0, 0, 1}, tag, []byte{0x88, 0xb5, number}, make([]byte, 50))
}
