package agent

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap"
)

// wide is the number of rings each way of an endpoint that uses up all opens
// that a region has room for, if each binds one ring of one direction.
const wide = 6

// addWideEndpoint makes an interface with so many rings a port of a switch;
// nothing is at its other end.
func (n *testNode) addWideEndpoint(lan string, number int) {
	n.Helper()
	spec := EndpointSpec{
		Switch: lan, Device: fmt.Sprintf("wide%d", number), MTU: 1500,
		MAC: fmt.Sprintf("02:00:00:00:01:%02x", number), Rings: wide, Slots: minSlots,
	}
	n.lab.do(n, func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: spec.Device}, PeerName: spec.Device + "-peer",
		})
	})
	n.must(n.PutEndpoint(n.Context(), n.name, fmt.Sprintf("eth%d", number), spec))
}

// A node whose programs open all that they can leaves files to the others.
func TestRootOpensOfANodeAreBounded(t *testing.T) {
	l := startLab(t)
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	n, other := l.addNode("greedy"), l.addNode("other")
	other.addEndpoint("lan", 1)
	const opens = 2 * wide // of an endpoint
	var last *netmap.Port
	count := 0
	for number := 1; number <= maxOpens/opens+1; number++ {
		n.addWideEndpoint("lan", number)
		for i := range opens {
			name := fmt.Sprintf("netmap:eth%d-%d/%c", number, i/2, "TR"[i%2])
			port, err := netmap.Open(name, netmap.Socket(n.socket()))
			if count < maxOpens && err != nil || count >= maxOpens && !errors.Is(err, unix.EMFILE) {
				t.Fatalf("open %d, %s: %v", count+1, name, err)
			}
			if err == nil {
				t.Cleanup(func() { _ = port.Close() })
				last = port
				count++
			}
		}
	}
	other.openPort("netmap:eth1")
	l.kill()
	again := fmt.Sprintf("netmap:eth%d-%d/R", maxOpens/opens+1, wide-1)
	if _, err := netmap.Open(again, netmap.Socket(n.socket())); !errors.Is(err, unix.EMFILE) {
		t.Errorf("the next agent does not know the bound: %v", err)
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "room for another open", func() bool {
		port, err := netmap.Open(again, netmap.Socket(n.socket()))
		if err == nil {
			_ = port.Close()
		}
		return err == nil
	})
}
