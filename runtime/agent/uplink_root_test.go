package agent

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// uplinkLab is a lab whose switch lan has a node, n1 with 10.0.0.1, and an
// uplink, eth3 of a machine of its own with 10.0.0.3. Outside, at the other end
// of eth3's cable, is 10.0.0.9.
type uplinkLab struct {
	*testLab
	machine, outside namespace
	node             *testNode
}

func startUplinkLab(t *testing.T) *uplinkLab {
	u := &uplinkLab{machine: newNamespace(t), outside: newNamespace(t)}
	u.testLab = startLabOn(t, u.machine)
	u.plug(t)
	u.must(u.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	u.node = u.addNode("n1")
	u.node.addEndpoint("lan", 1)
	u.must(u.PutUplink(t.Context(), "eth3", UplinkSpec{Switch: "lan"}))
	return u
}

// plug makes eth3 and what is at its other end.
func (u *uplinkLab) plug(t *testing.T) {
	u.outside.addPair(t, "cable", u.machine, "eth3", "02:00:00:00:00:03", "10.0.0.3/24")
	u.outside.do(t, func() error {
		cable, err := netlink.LinkByName("cable")
		if err != nil {
			return err
		}
		ip, err := netlink.ParseAddr("10.0.0.9/24")
		if err != nil {
			return err
		}
		return netlink.AddrAdd(cable, ip)
	})
}

// transfer sends bytes from one namespace to an address in another by TCP and
// checks what arrives. Meanwhile is called in the middle of it.
func transfer(t *testing.T, from, to namespace, address string, meanwhile func()) {
	t.Helper()
	const size = 8 << 20
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	var listener net.Listener
	to.do(t, func() (err error) {
		listener, err = net.Listen("tcp4", address)
		return err
	})
	defer listener.Close()
	got := make(chan []byte, 1)
	go func() {
		sum := sha256.New()
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(sum, conn)
			conn.Close()
		}
		got <- sum.Sum(nil)
	}()
	var conn net.Conn
	from.do(t, func() (err error) {
		conn, err = net.DialTimeout("tcp4", address, patience)
		return err
	})
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	for i, half := range [][]byte{data[:size/2], data[size/2:]} {
		if _, err := conn.Write(half); err != nil {
			t.Fatalf("to %s: %v", address, err)
		}
		if i == 0 {
			meanwhile()
		}
	}
	conn.Close()
	want := sha256.Sum256(data)
	if sum := <-got; !bytes.Equal(sum, want[:]) {
		t.Errorf("what arrived at %s is not what was sent", address)
	}
}

// A node and the network outside reach each other through an uplink, whoever
// is killed, and the machine keeps its own address there.
func TestRootUplink(t *testing.T) {
	u := startUplinkLab(t)
	transfer(t, u.node.namespace, u.outside, "10.0.0.9:1000", func() {})
	transfer(t, u.outside, u.node.namespace, "10.0.0.1:1000", func() {})
	transfer(t, u.outside, u.machine, "10.0.0.3:1000", func() {})

	f := startFlow(t, u.node.udp(t, "10.0.0.1:2000"), u.outside.udp(t, "10.0.0.9:2000"), "10.0.0.9:2000")
	eventually(t, "traffic", func() bool { return f.received.Load() > 0 })
	f.longest.Store(0)
	for range 2 {
		time.Sleep(settled)
		transfer(t, u.outside, u.node.namespace, "10.0.0.1:1000", func() { u.kill() })
	}
	before := f.received.Load()
	eventually(t, "traffic after the kills", func() bool { return f.received.Load() > before+200 })
	if longest := time.Duration(f.longest.Load()); longest > time.Second || f.disorder.Load() != 0 {
		t.Errorf("%v without traffic, %d datagrams out of order or twice", longest, f.disorder.Load())
	}
	stats, err := u.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ring := range stats.Rings {
		if ring.Port == "eth3" && (ring.Mode != "uplink" || ring.Bytes < 8<<20) {
			t.Errorf("ring %+v", ring)
		}
	}
}

// An interface that was unplugged is told of, and one that comes in its place
// is taken in by the next PUT.
func TestRootUplinkIsReplaced(t *testing.T) {
	u := startUplinkLab(t)
	fault := func() string { return u.inventory().Uplinks[0].Fault }
	if fault() != "" {
		t.Errorf("fault %q at first", fault())
	}
	u.outside.do(t, func() error {
		cable, err := netlink.LinkByName("cable")
		if err != nil {
			return err
		}
		return netlink.LinkDel(cable)
	})
	for _, agent := range []string{"this agent", "the next one"} {
		if want := "device eth3 is gone"; fault() != want {
			t.Errorf("%s: fault %q, want %q", agent, fault(), want)
		}
		u.kill()
	}
	u.plug(t)
	if created, err := u.PutUplink(t.Context(), "eth3", UplinkSpec{Switch: "lan"}); !created || err != nil {
		t.Errorf("created %v, %v", created, err)
	}
	transfer(t, u.node.namespace, u.outside, "10.0.0.9:1000", func() {})
	if n := fmt.Sprint(u.inventory().Switches); n != "[{lan {false false} 2}]" {
		t.Errorf("switches %s", n)
	}
}
