package link

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func testPair() Pair {
	return Pair{
		Device: "p1", Alias: "a:eth1", Interface: "eth1",
		MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, MTU: 9000,
		Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("fd00::1/64")},
	}
}

func TestRootPair(t *testing.T) {
	lab, node, p := open(t), open(t), testPair()
	if err := lab.Quiet(); err != nil {
		t.Fatal(err)
	}
	if made, err := lab.AddPair(p, node.file); err != nil || !made {
		t.Fatalf("AddPair = %v, %v", made, err)
	}
	host, end := device(t, lab, "p1").Attrs(), device(t, node, "eth1").Attrs()
	if host.Alias != "a:eth1" || host.MTU != 9000 || host.Flags&net.FlagUp == 0 || host.RawFlags&unix.IFF_NOARP == 0 {
		t.Errorf("end in the lab: %+v", host)
	}
	if end.HardwareAddr.String() != "02:00:00:00:00:01" || end.MTU != 9000 || end.Flags&net.FlagRunning == 0 {
		t.Errorf("end in the node: %+v", end)
	}
	if addrs, err := lab.handle.AddrList(device(t, lab, "p1"), netlink.FAMILY_ALL); err != nil || len(addrs) > 0 {
		t.Errorf("end in the lab has addresses %v, %v", addrs, err)
	}
	addrs, err := node.handle.AddrList(device(t, node, "eth1"), netlink.FAMILY_V6)
	if err != nil {
		t.Fatal(err)
	}
	usable := false
	for _, a := range addrs {
		usable = usable || a.IP.Equal(net.ParseIP("fd00::1")) && a.Flags&unix.IFA_F_TENTATIVE == 0
	}
	if !usable {
		t.Errorf("IPv6 address is not usable at once: %v", addrs)
	}

	if ok, err := lab.HasPair(p, node.file); err != nil || !ok {
		t.Errorf("HasPair = %v, %v", ok, err)
	}
	if made, err := lab.AddPair(p, node.file); err != nil || made {
		t.Errorf("AddPair again = %v, %v", made, err)
	}
	for range 2 {
		if err := lab.RemovePair("p1"); err != nil {
			t.Fatal(err)
		}
	}
	if left := append(devices(t, lab), devices(t, node)...); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestRootPairIPv6Off gives an IPv6 address where new devices have no IPv6, as in
// containers.
func TestRootPairIPv6Off(t *testing.T) {
	lab, node, p := open(t), open(t), testPair()
	if err := node.Quiet(); err != nil {
		t.Fatal(err)
	}
	if _, err := lab.AddPair(p, node.file); err != nil {
		t.Fatal(err)
	}
	addrs, err := node.handle.AddrList(device(t, node, "eth1"), netlink.FAMILY_V6)
	if err != nil || !slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return a.IP.Equal(net.ParseIP("fd00::1")) }) {
		t.Errorf("addresses %v, %v", addrs, err)
	}
}

func TestRootPairOffloads(t *testing.T) {
	lab, node, p := open(t), open(t), testPair()
	if _, err := lab.AddPair(p, node.file); err != nil {
		t.Fatal(err)
	}
	err := within(node.file, func() error {
		tool, err := ethtool.NewEthtool()
		if err != nil {
			return err
		}
		defer tool.Close()
		features, err := tool.Features("eth1")
		if err != nil {
			return err
		}
		for _, name := range inexpressible {
			if features[name] {
				t.Errorf("%s is on", name)
			}
		}
		for _, name := range []string{"tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-udp-segmentation"} {
			if !features[name] {
				t.Errorf("%s is off", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever a user does to a pair is seen, and put right.
func TestRootPairHeals(t *testing.T) {
	p := testPair()
	for name, test := range map[string]struct {
		harm func(lab, node *Namespace) error
		made bool
	}{
		"address": {func(_, node *Namespace) error {
			return node.handle.AddrDel(device(t, node, "eth1"), address(p.Addresses[0]))
		}, false},
		"mtu":  {func(_, node *Namespace) error { return node.handle.LinkSetMTU(device(t, node, "eth1"), 1400) }, false},
		"down": {func(_, node *Namespace) error { return node.handle.LinkSetDown(device(t, node, "eth1")) }, false},
		"mac": {func(_, node *Namespace) error {
			return node.handle.LinkSetHardwareAddr(device(t, node, "eth1"), net.HardwareAddr{2, 9, 9, 9, 9, 9})
		}, false},
		"lab end down": {func(lab, _ *Namespace) error { return lab.handle.LinkSetDown(device(t, lab, "p1")) }, false},
		"removed":      {func(_, node *Namespace) error { return node.handle.LinkDel(device(t, node, "eth1")) }, true},
		"renamed": {func(_, node *Namespace) error {
			if err := node.handle.LinkSetDown(device(t, node, "eth1")); err != nil {
				return err
			}
			return node.handle.LinkSetName(device(t, node, "eth1"), "other")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			lab, node := open(t), open(t)
			if _, err := lab.AddPair(p, node.file); err != nil {
				t.Fatal(err)
			}
			if err := test.harm(lab, node); err != nil {
				t.Fatal(err)
			}
			if ok, err := lab.HasPair(p, node.file); err != nil || ok {
				t.Errorf("HasPair = %v, %v after the harm", ok, err)
			}
			if made, err := lab.AddPair(p, node.file); err != nil || made != test.made {
				t.Errorf("AddPair = %v, %v, want made %v", made, err, test.made)
			}
			if ok, err := lab.HasPair(p, node.file); err != nil || !ok {
				t.Errorf("HasPair = %v, %v after the healing", ok, err)
			}
		})
	}
}

// A device of the node's own is never taken for an endpoint, nor removed.
func TestRootPairNameIsTaken(t *testing.T) {
	lab, node := open(t), open(t)
	addVeth(t, node, "eth1", "own", nil)
	if made, err := lab.AddPair(testPair(), node.file); err == nil || made {
		t.Fatalf("AddPair = %v, %v", made, err)
	}
	got := devices(t, node)
	slices.Sort(got)
	if !slices.Equal(got, []string{"eth1", "own"}) || len(devices(t, lab)) > 0 {
		t.Errorf("devices %q in the node, %q in the lab", got, devices(t, lab))
	}
}

func TestRootClearPairs(t *testing.T) {
	lab, node := open(t), open(t)
	if err := lab.ClearPairs(); err != nil {
		t.Fatalf("nothing to clear: %v", err)
	}
	p := testPair()
	p.Addresses = nil
	for i := range 20 {
		p.Device, p.Interface, p.MAC[5] = fmt.Sprintf("p%d", i), fmt.Sprintf("eth%d", i), byte(i)
		if _, err := lab.AddPair(p, node.file); err != nil {
			t.Fatal(err)
		}
	}
	addVeth(t, lab, "foreign", "foreign2", nil)
	if err := lab.ClearPairs(); err != nil {
		t.Fatal(err)
	}
	left := devices(t, lab)
	slices.Sort(left)
	if !slices.Equal(left, []string{"foreign", "foreign2"}) || len(devices(t, node)) > 0 {
		t.Errorf("left %q in the lab, %q in the node", left, devices(t, node))
	}
}

func TestRootMark(t *testing.T) {
	n := open(t)
	if mark, err := n.Mark(); err != nil || mark != "" {
		t.Fatalf("mark %q, %v", mark, err)
	}
	lo, err := n.handle.LinkByIndex(loopbackIndex)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.handle.LinkSetAlias(lo, "valelab:/run/x"); err != nil {
		t.Fatal(err)
	}
	if mark, err := n.Mark(); err != nil || mark != "valelab:/run/x" {
		t.Fatalf("mark %q, %v", mark, err)
	}
}

func BenchmarkRootPair(b *testing.B) {
	lab, node, p := open(b), open(b), testPair()
	if err := lab.Quiet(); err != nil {
		b.Fatal(err)
	}
	p.Addresses = p.Addresses[:1]
	for i := 0; b.Loop(); i++ {
		p.Device, p.Interface = fmt.Sprintf("p%d", i), fmt.Sprintf("eth%d", i)
		if _, err := lab.AddPair(p, node.file); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := lab.ClearPairs(); err != nil {
		b.Fatal(err)
	}
}

// A pair loses the addresses that it had and no longer has, and those only.
func TestRootPairLosesFormerAddresses(t *testing.T) {
	lab, node, p := open(t), open(t), testPair()
	if _, err := lab.AddPair(p, node.file); err != nil {
		t.Fatal(err)
	}
	own := netip.MustParsePrefix("10.9.9.9/24")
	if err := node.handle.AddrAdd(device(t, node, "eth1"), address(own)); err != nil {
		t.Fatal(err)
	}
	p.Former = p.Addresses
	p.Addresses = []netip.Prefix{netip.MustParsePrefix("10.0.0.7/24")}
	if ok, err := lab.HasPair(p, node.file); err != nil || ok {
		t.Errorf("HasPair = %v, %v before the change", ok, err)
	}
	if made, err := lab.AddPair(p, node.file); err != nil || made {
		t.Fatalf("AddPair = %v, %v", made, err)
	}
	if ok, err := lab.HasPair(p, node.file); err != nil || !ok {
		t.Errorf("HasPair = %v, %v after the change", ok, err)
	}
	addrs, err := node.handle.AddrList(device(t, node, "eth1"), netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, a := range addrs {
		if !a.IP.IsLinkLocalUnicast() {
			have = append(have, a.IPNet.String())
		}
	}
	slices.Sort(have)
	if want := []string{"10.0.0.7/24", "10.9.9.9/24"}; !slices.Equal(have, want) {
		t.Errorf("addresses %q, want %q", have, want)
	}
}

// What a maker of pairs leaves who is killed before he could name one is swept
// away; pairs with a name stay.
func TestRootSweepPairs(t *testing.T) {
	lab, node, p := open(t), open(t), testPair()
	if _, err := lab.AddPair(p, node.file); err != nil {
		t.Fatal(err)
	}
	half := netlink.NewLinkAttrs()
	half.Name, half.Group = "p2", pairGroup
	if err := lab.handle.LinkAdd(&netlink.Veth{LinkAttrs: half, PeerName: "p3", PeerTxQLen: -1}); err != nil {
		t.Fatal(err)
	}
	if names, err := lab.Pairs(); err != nil || !slices.Equal(names, []string{"a:eth1"}) {
		t.Errorf("Pairs = %q, %v", names, err)
	}
	if err := lab.SweepPairs(); err != nil {
		t.Fatal(err)
	}
	if left := devices(t, lab); !slices.Equal(left, []string{"p1"}) {
		t.Errorf("devices %q", left)
	}
}

// The end that a namespace has left in the node which is just being taken down
// is waited for.
func TestRootPairWaitsForTheOldOne(t *testing.T) {
	old, lab, node, p := open(t), open(t), open(t), testPair()
	if _, err := old.AddPair(p, node.file); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		time.Sleep(100 * time.Millisecond)
		gone <- old.RemovePair(p.Device)
	}()
	if made, err := lab.AddPair(p, node.file); err != nil || !made {
		t.Errorf("AddPair = %v, %v", made, err)
	}
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	if ok, err := lab.HasPair(p, node.file); err != nil || !ok {
		t.Errorf("HasPair = %v, %v", ok, err)
	}
}
