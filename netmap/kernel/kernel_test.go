//go:build kernel

package kernel

import (
	"errors"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// The tests of this file need netmap's module and root: make test-kernel runs them.

func device(t *testing.T) Device {
	t.Helper()
	d, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func veth(t *testing.T, a, b string) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = a
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: b, PeerTxQLen: -1}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlink.LinkDel(pair); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{a, b} {
		end, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(end)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The module answers as it did when the answers were recorded: layout and numbers are its own.
func TestKernelAnswers(t *testing.T) {
	d := device(t)
	got := Register{Mode: abi.NR_REG_ALL_NIC}
	grant, err := d.Register("valekt:a", &got)
	if err != nil {
		t.Fatal(err)
	}
	pools, err := device(t).Pools("valekt:a")
	if err != nil {
		t.Fatal(err)
	}
	want, wantPools := recordedRegister, recordedPools
	want.MemID, wantPools.MemID = got.MemID, got.MemID
	if got != want || pools != wantPools {
		t.Errorf("register %+v\nwant %+v\npools %+v\nwant %+v", got, want, pools, wantPools)
	}
	info, err := device(t).Info("valekt:a")
	if err != nil || info.MemID != got.MemID || info.Memsize != got.Memsize || info.TxSlots != 1024 || info.TxRings != 1 {
		t.Errorf("port info %+v, %v", info, err)
	}
	if n, err := device(t).Header("valekt:a"); n != 0 || err != nil {
		t.Errorf("header of %d bytes, %v", n, err)
	}
	if grant.RegionSize != grant.Memsize+uint64(pools.RingNum)*abi.NMU_CTL_SIZE {
		t.Errorf("grant %+v", grant)
	}
	if err := d.Sync(true); err != nil {
		t.Error(err)
	}
	if err := device(t).Sync(false); !errors.Is(err, unix.ENXIO) {
		t.Errorf("sync without rings: %v, want ENXIO", err)
	}
	if _, err := d.Register("valekt:b", &Register{Mode: abi.NR_REG_ALL_NIC}); !errors.Is(err, unix.EBUSY) {
		t.Errorf("second registration: %v, want EBUSY", err)
	}
}

// A geometry that is asked for is what the port has.
func TestKernelGeometry(t *testing.T) {
	d := device(t)
	want := Register{Mode: abi.NR_REG_ALL_NIC, TxRings: 2, RxRings: 2, TxSlots: 256, RxSlots: 256, ExtraBufs: 3}
	if _, err := d.Register("valekt:g", &want); err != nil {
		t.Fatal(err)
	}
	if want.TxRings != 2 || want.RxRings != 2 || want.TxSlots != 256 || want.RxSlots != 256 || want.ExtraBufs != 3 {
		t.Errorf("%+v", want)
	}
}

// A device is on a switch from Attach to Detach, and a port from Register until its descriptor is closed.
func TestKernelAttach(t *testing.T) {
	d := device(t)
	veth(t, "kta", "ktb")
	if _, err := d.Attach("valekt:nowhere", false); !errors.Is(err, unix.EINVAL) {
		t.Errorf("attach of what is no device: %v, want EINVAL", err)
	}
	if _, err := d.Attach("valekt:kta", false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Attach("valekt2:kta", false); !errors.Is(err, unix.EBUSY) {
		t.Errorf("attach to a second switch: %v, want EBUSY", err)
	}
	p := device(t)
	if _, err := p.Register("valekt:eph", &Register{Mode: abi.NR_REG_ALL_NIC}); err != nil {
		t.Fatal(err)
	}
	names := func() (names []string) {
		all, err := d.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			names = append(names, p.Name)
		}
		slices.Sort(names)
		return names
	}
	if got := names(); !slices.Equal(got, []string{"valekt:eph", "valekt:kta"}) {
		t.Errorf("ports %q", got)
	}
	if has, err := d.Has("valekt:eph"); !has || err != nil {
		t.Errorf("the port is not there: %v", err)
	}
	if err := d.StartPolling("valekt:eph", 0, 1); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("polling of what is no network card: %v, want EOPNOTSUPP", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Detach("valekt:kta"); err != nil {
		t.Fatal(err)
	}
	if err := d.Detach("valekt:kta"); err != nil {
		t.Errorf("second detach: %v", err)
	}
	if has, err := d.Has("valekt:eph"); has || err != nil {
		t.Errorf("the port has outlived its descriptor: %v", err)
	}
	if got := names(); len(got) > 0 {
		t.Errorf("ports %q are left", got)
	}
}

// A port may not be called as a network device of the namespace.
func TestKernelNameOfDevice(t *testing.T) {
	veth(t, "ktc", "ktd")
	if _, err := device(t).Register("valekt:ktc", &Register{Mode: abi.NR_REG_ALL_NIC}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("%v, want EINVAL", err)
	}
}

// A persistent port that nobody has opened is made and removed.
func TestKernelPersistent(t *testing.T) {
	d := device(t)
	if err := d.NewPort("ktpers"); err != nil {
		t.Fatal(err)
	}
	if err := d.DeletePort("ktpers"); err != nil {
		t.Fatal(err)
	}
	if err := d.DeletePort("ktpers"); !errors.Is(err, unix.ENXIO) {
		t.Errorf("second removal: %v, want ENXIO", err)
	}
}
