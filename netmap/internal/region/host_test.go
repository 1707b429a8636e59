package region

import (
	"errors"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// The rings of a port without host rings stand in their places afterwards, and a program finds them there.
func TestNICToHost(t *testing.T) {
	spec := Spec{Name: "x", TxRings: 1, RxRings: 1, HostTxRings: 1, HostRxRings: 1, Hostless: true, TxSlots: 64, RxSlots: 64}
	geo, err := Fit(spec, Room{})
	if err != nil {
		t.Fatal(err)
	}
	r := InMemory(geo)
	p, err := r.NewPort(spec)
	if err != nil {
		t.Fatal(err)
	}
	open, err := p.Select(abi.NR_REG_ALL_NIC, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.OpenRings(p, open, func(Place) int { return 0 }); err != nil {
		t.Fatal(err)
	}
	ofs, err := r.AddIf(p, open)
	if err != nil {
		t.Fatal(err)
	}
	grant := r.Grant(p, ofs)
	if err := NICToHost(r.Mem(), grant); err != nil {
		t.Fatal(err)
	}
	v, err := parse(r.Mem(), grant)
	if err != nil || len(v.Rings) != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, ring := range v.Rings {
		if !ring.Host || ring.ID != 1 {
			t.Errorf("%+v", ring.Place)
		}
	}
	grant.TxRings = 2
	if err := NICToHost(r.Mem(), grant); !errors.Is(err, ErrMalformed) {
		t.Errorf("two rings: %v", err)
	}
}
