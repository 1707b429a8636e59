package link

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/runtime/internal/netnstest"
)

// open returns a new network namespace, which is closed when the test ends.
func open(t testing.TB) *Namespace {
	t.Helper()
	file, err := os.Open(procPath(netnstest.New(t)))
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func procPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// devices returns the names of all devices in a namespace, lo aside.
func devices(t testing.TB, n *Namespace) []string {
	t.Helper()
	links, err := n.handle.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range links {
		if l.Attrs().Index != loopbackIndex {
			names = append(names, l.Attrs().Name)
		}
	}
	return names
}

// device returns a device by name or fails the test.
func device(t testing.TB, n *Namespace, name string) netlink.Link {
	t.Helper()
	l, err := n.handle.LinkByName(name)
	if err != nil {
		t.Fatalf("device %s: %v", name, err)
	}
	return l
}

// addVeth makes a veth pair that is not one of ours, its first end up. The
// other end is in the given namespace, or in the same when that is nil.
func addVeth(t testing.TB, n *Namespace, name, peer string, in any) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Flags = name, net.FlagUp
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: peer, PeerNamespace: in, PeerTxQLen: -1}
	if err := n.handle.LinkAdd(veth); err != nil {
		t.Fatalf("add %s: %v", name, err)
	}
}
