package pktgen

import (
	"net"
	"net/netip"
	"testing"

	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

func TestSource(t *testing.T) {
	addr := netip.MustParseAddr
	id := identity{ips: []netip.Addr{addr("fe80::1"), addr("fd00::1"), addr("10.0.0.1"), addr("10.0.0.3")}}
	for _, test := range []struct {
		id        identity
		want, dst string
		source    string
	}{
		{id, "", "10.0.0.2", "10.0.0.1"},
		{id, "", "fd00::2", "fd00::1"},
		{id, "", "fe80::2", "fe80::1"},
		{id, "10.9.9.9", "10.0.0.2", "10.9.9.9"},
		{identity{}, "", "10.0.0.2", "198.18.0.1"},
		{identity{}, "", "fd00::2", "2001:2::1"},
	} {
		var want netip.Addr
		if test.want != "" {
			want = addr(test.want)
		}
		if got := test.id.source(want, addr(test.dst)); got != addr(test.source) {
			t.Errorf("source %q towards %s is %s, want %s", test.want, test.dst, got, test.source)
		}
	}
}

func TestStationAddress(t *testing.T) {
	mine := packet.MAC{2, 0, 0, 0, 0, 1}
	given := net.HardwareAddr{2, 0, 0, 0, 0, 2}
	if got := (identity{mac: mine}).station(given, 7); got != packet.MAC(given) {
		t.Errorf("given %v, got %v", given, got)
	}
	if got := (identity{mac: mine}).station(nil, 7); got != mine {
		t.Errorf("the interface has %v, got %v", mine, got)
	}
	if got, want := (identity{}).station(nil, 0x01020304), (packet.MAC{2, 0, 1, 2, 3, 4}); got != want {
		t.Errorf("made %v, want %v", got, want)
	}
}

func TestCleanEndpoint(t *testing.T) {
	e, err := Endpoint{IP: netip.MustParseAddr("fe80::1%eth1")}.clean()
	if err != nil || e.IP != netip.MustParseAddr("fe80::1") {
		t.Errorf("%v, %v", e.IP, err)
	}
	if e, err = (Endpoint{IP: netip.MustParseAddr("::ffff:10.0.0.1")}).clean(); err != nil || !e.IP.Is4() {
		t.Errorf("%v, %v", e.IP, err)
	}
	if _, err = (Endpoint{MAC: net.HardwareAddr{1, 2, 3}}).clean(); err == nil {
		t.Error("an address of three bytes was taken")
	}
}
