package link

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/internal/netnstest"
)

const testMark = "valelab:/run/test/lab"

// cable gives the machine an interface "up0" whose other end is far's "far0".
func cable(t *testing.T) (machine, far *Namespace) {
	t.Helper()
	machine, far = open(t), open(t)
	addVeth(t, machine, "up0", "far0", netlink.NsFd(far.file.Fd()))
	far0 := device(t, far, "far0")
	if err := far.handle.LinkSetUp(far0); err != nil {
		t.Fatal(err)
	}
	if err := far.handle.AddrAdd(far0, address(netip.MustParsePrefix("10.9.9.2/24"))); err != nil {
		t.Fatal(err)
	}
	return machine, far
}

func TestRootFindNamespace(t *testing.T) {
	machine := open(t)
	id, err := machine.ID()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Find("net:[1]"); !errors.Is(err, ErrNoNamespace) {
		t.Errorf("none: %v, want ErrNoNamespace", err)
	}
	mount := filepath.Join(t.TempDir(), "namespace")
	if err := os.WriteFile(mount, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(procPath(machine.file), mount, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	found, err := Find(id)
	if err == nil {
		err = found.Close()
	}
	if err := errors.Join(err, unix.Unmount(mount, unix.MNT_DETACH)); err != nil {
		t.Fatalf("mounted: %v", err)
	}
	// Who is in it finds it.
	err = within(machine.file, func() error {
		found, err := Find(id)
		if err != nil {
			return err
		}
		defer found.Close()
		if have, err := found.ID(); err != nil || have != id {
			t.Errorf("found %s, %v, want %s", have, err, id)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRootFindUplinkRefuses(t *testing.T) {
	machine, _ := cable(t)
	if _, err := machine.FindUplink("lo", false); !errors.Is(err, ErrUnfit) {
		t.Errorf("lo: %v, want ErrUnfit", err)
	}
	if _, err := machine.FindUplink("none", false); !errors.Is(err, ErrNotFound) {
		t.Errorf("none: %v, want ErrNotFound", err)
	}
	up0 := device(t, machine, "up0")
	if err := machine.handle.QdiscAdd(clsact(up0)); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.FindUplink("up0", true); !errors.Is(err, ErrUnfit) {
		t.Errorf("up0 with a clsact: %v, want ErrUnfit", err)
	}
	if _, err := machine.FindUplink("up0", false); err != nil {
		t.Errorf("up0 with a clsact, to keep: %v", err)
	}
}

// The kernel takes the IPv6 addresses of an interface that goes down: one that
// was down when it became an uplink has those that it had then.
func TestRootGiveBackKeepsAddresses(t *testing.T) {
	machine, _ := cable(t)
	up0 := device(t, machine, "up0")
	if err := machine.handle.LinkSetDown(up0); err != nil {
		t.Fatal(err)
	}
	want := []string{"10.9.9.1/24", "fd99::1/64"}
	for _, prefix := range want {
		if err := machine.handle.AddrAdd(up0, address(netip.MustParsePrefix(prefix))); err != nil {
			t.Fatal(err)
		}
	}
	u, err := machine.FindUplink("up0", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(machine.TakeUplink(u, ""), machine.GiveBackUplink(u, "")); err != nil {
		t.Fatal(err)
	}
	addrs, err := machine.handle.AddrList(up0, netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, a := range addrs {
		have = append(have, a.IPNet.String())
	}
	if slices.Sort(have); !slices.Equal(have, want) {
		t.Errorf("addresses %q, want %q", have, want)
	}
}

// An interface that was down is up while it is an uplink, and down again after.
func TestRootKeepUplink(t *testing.T) {
	machine, _ := cable(t)
	if err := machine.handle.LinkSetDown(device(t, machine, "up0")); err != nil {
		t.Fatal(err)
	}
	u, err := machine.FindUplink("up0", false)
	if err != nil || !u.WasDown {
		t.Fatalf("FindUplink = %+v, %v", u, err)
	}
	if ok, err := machine.HasUplink(u, ""); err != nil || ok {
		t.Errorf("HasUplink = %v, %v before it is taken", ok, err)
	}
	for range 2 {
		if err := machine.TakeUplink(u, ""); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := machine.HasUplink(u, ""); err != nil || !ok {
		t.Errorf("HasUplink = %v, %v", ok, err)
	}
	for range 2 {
		if err := machine.GiveBackUplink(u, ""); err != nil {
			t.Fatal(err)
		}
	}
	if device(t, machine, "up0").Attrs().Flags&net.FlagUp != 0 {
		t.Error("the interface is still up")
	}
}

// While an interface is taken, the machine's stack neither hears nor says
// anything on it, and a packet socket does both.
func TestRootTakeUplink(t *testing.T) {
	machine, far := cable(t)
	if err := machine.handle.AddrAdd(device(t, machine, "up0"), address(netip.MustParsePrefix("10.9.9.1/24"))); err != nil {
		t.Fatal(err)
	}
	if !answers(t, far, "10.9.9.1") {
		t.Fatal("the machine does not answer before")
	}
	u, err := machine.FindUplink("up0", true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := machine.TakeUplink(u, testMark); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := machine.HasUplink(u, testMark); err != nil || !ok {
		t.Errorf("HasUplink = %v, %v", ok, err)
	}
	tap := openTap(t, machine, u.Index)
	if answers(t, far, "10.9.9.1") {
		t.Error("the machine answers on a taken interface")
	}
	if !tap.hears() {
		t.Error("a packet socket hears nothing on a taken interface")
	}
	if err := machine.GiveBackUplink(u, testMark); err != nil {
		t.Fatal(err)
	}
	if kind, err := machine.ingress(device(t, machine, "up0")); err != nil || kind != "" {
		t.Errorf("qdisc %q is left, %v", kind, err)
	}
	if !answers(t, far, "10.9.9.1") {
		t.Error("the machine does not answer afterwards")
	}
}

// What another program has added meanwhile stays.
func TestRootGiveBackLeavesForeignFilters(t *testing.T) {
	machine, _ := cable(t)
	u, err := machine.FindUplink("up0", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := machine.TakeUplink(u, testMark); err != nil {
		t.Fatal(err)
	}
	prog, err := loadDrop()
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	up0 := device(t, machine, "up0")
	foreign := dropFilter(up0, directions[0], "foreign", prog)
	foreign.Attrs().Priority = 7
	if err := machine.handle.FilterAdd(foreign); err != nil {
		t.Fatal(err)
	}
	if err := machine.GiveBackUplink(u, testMark); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0} {
		left, err := machine.handle.FilterList(up0, directions[i])
		if err != nil || len(left) != want {
			t.Errorf("direction %d: %d filters left, %v, want %d", i, len(left), err, want)
		}
	}
}

func TestRootGiveBackUplinkThatIsGone(t *testing.T) {
	machine, _ := cable(t)
	u, err := machine.FindUplink("up0", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := machine.RemovePair("up0"); err != nil {
		t.Fatal(err)
	}
	if err := machine.GiveBackUplink(u, testMark); err != nil {
		t.Error(err)
	}
}

func TestRootCurrent(t *testing.T) {
	netnstest.Enter(t)
	n, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if left := devices(t, n); len(left) > 0 {
		t.Errorf("a new namespace has devices %q", left)
	}
}

// answers says whether an address resolves from a namespace: its owner hears
// the question and sends an answer.
func answers(t *testing.T, n *Namespace, ip string) bool {
	t.Helper()
	far0 := device(t, n, "far0")
	neighbour := &netlink.Neigh{LinkIndex: far0.Attrs().Index, IP: net.ParseIP(ip)}
	_ = n.handle.NeighDel(neighbour) // what was learned before does not count
	err := within(n.file, func() error {
		conn, err := net.Dial("udp4", net.JoinHostPort(ip, "9"))
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("?"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		known, err := n.handle.NeighList(far0.Attrs().Index, netlink.FAMILY_V4)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range known {
			if k.IP.Equal(neighbour.IP) && k.State&(netlink.NUD_REACHABLE|netlink.NUD_DELAY|netlink.NUD_STALE) != 0 {
				return true
			}
		}
	}
	return false
}

// tap is a packet socket.
type tap struct{ fd int }

func openTap(t *testing.T, n *Namespace, index int) tap {
	t.Helper()
	var fd int
	err := within(n.file, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL<<8&0xff00 // in network order
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return tap{fd}
}

// hears says whether a frame arrives.
func (t tap) hears() bool {
	poll := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 1000)
	return err == nil && n == 1
}
