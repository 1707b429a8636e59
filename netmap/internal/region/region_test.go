package region

import (
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

var endpoint = Spec{
	Name: "an-interface-with-a-long-name", TxRings: 2, RxRings: 1, HostTxRings: 1, HostRxRings: 1,
	TxSlots: 64, RxSlots: 100,
}

func create(t testing.TB, s Spec, ports int) (*Region, []*Port) {
	t.Helper()
	g, err := Fit(s, Room{Pipes: 2})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Create("test", g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	var all []*Port
	for range ports {
		p, err := r.NewPort(s)
		if err == nil {
			err = r.OpenRings(p, slices.Repeat([]bool{true}, len(p.Places)), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return r, all
}

func open(t testing.TB, r *Region, p *Port, mode uint32, ringID uint16, flags uint64) abi.ReqRegister {
	t.Helper()
	bound, err := p.Select(mode, ringID, flags)
	if err != nil {
		t.Fatal(err)
	}
	ofs, err := r.AddIf(p, bound)
	if err != nil {
		t.Fatal(err)
	}
	return abi.ReqRegister{Offset: uint64(ofs), Memsize: uint64(r.Geometry().MemSize())}
}

// A default VALE port lies where netmap puts it.
func TestDefaultLayout(t *testing.T) {
	r, ports := create(t, Spec{Name: "p", TxRings: 1, RxRings: 1, TxSlots: 1024, RxSlots: 1024}, 1)
	tx, rx := ports[0].Places[0], ports[0].Places[1]
	if rx.Ofs != 12288 || tx.Ofs != 32768 {
		t.Errorf("rx %+v, tx %+v", rx, tx)
	}
	for i, want := range []uint32{1026, 2} {
		ring, err := r.Ring(ports[0], i)
		if err != nil || ring.Array[0].BufIdx != want || ring.Array[1023].BufIdx != want+1023 {
			t.Errorf("ring %d begins with buffer %d, want %d (%v)", i, ring.Array[0].BufIdx, want, err)
		}
	}
	if reg := open(t, r, ports[0], abi.NR_REG_ALL_NIC, 0, 0); reg.Offset != 0 {
		t.Errorf("first netmap_if at %d", reg.Offset)
	}
}

// What one side lays out the other side finds, for several ports in a region, several opens of a port and
// every mode.
func TestMap(t *testing.T) {
	r, ports := create(t, endpoint, 2)
	tests := []struct {
		name   string
		mode   uint32
		ringID uint16
		flags  uint64
		want   []bool // tx0 tx1 host-tx rx0 host-rx
	}{
		{"all", abi.NR_REG_ALL_NIC, 0, 0, []bool{true, true, false, true, false}},
		{"host", abi.NR_REG_SW, 0, 0, []bool{false, false, true, false, true}},
		{"both", abi.NR_REG_NIC_SW, 0, 0, []bool{true, true, true, true, true}},
		{"one", abi.NR_REG_ONE_NIC, 1, 0, []bool{false, true, false, true, false}}, // RX has one, which is taken
		{"tx", abi.NR_REG_ALL_NIC, 0, abi.NR_TX_RINGS_ONLY, []bool{true, true, false, false, false}},
		{"rx", abi.NR_REG_NIC_SW, 0, abi.NR_RX_RINGS_ONLY, []bool{false, false, false, true, true}},
	}
	for _, tt := range tests {
		for k, p := range ports {
			t.Run(tt.name, func(t *testing.T) {
				reg := open(t, r, p, tt.mode, tt.ringID, tt.flags)
				defer r.DropIf(int(reg.Offset))
				v, err := Map(r.File(), r.Grant(p, int(reg.Offset)))
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				if v.Name != "an-interface-wi" {
					t.Errorf("name %q", v.Name)
				}
				rings := v.Rings
				for i, bound := range tt.want {
					if !bound {
						continue
					}
					if len(rings) == 0 {
						t.Fatalf("port %d: ring %d is not mapped", k, i)
					}
					got, want := rings[0].Place, p.Places[i]
					rings = rings[1:]
					if got != want {
						t.Errorf("port %d ring %d: %+v, want %+v", k, i, got, want)
					}
				}
				if len(rings) != 0 {
					t.Errorf("port %d: %d rings too many", k, len(rings))
				}
			})
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	_, ports := create(t, endpoint, 1)
	for _, mode := range []uint32{0, 5, 6, 9} {
		if _, err := ports[0].Select(mode, 0, 0); err == nil {
			t.Errorf("mode %d is taken", mode)
		}
	}
	if _, err := ports[0].Select(abi.NR_REG_ONE_NIC, 2, 0); err == nil {
		t.Error("ring 2 of 2 is taken")
	}
	_, ports = create(t, Spec{Name: "p", TxRings: 1, RxRings: 1, TxSlots: 64, RxSlots: 64}, 1)
	if _, err := ports[0].Select(abi.NR_REG_NIC_SW, 0, 0); err == nil {
		t.Error("host rings of a port without them are taken")
	}
}

// No two slots share a buffer, no two rings overlap, and positions start as netmap's do.
func TestInitialState(t *testing.T) {
	r, ports := create(t, endpoint, 2)
	seen := map[uint32]bool{0: true, 1: true}
	var ends []int
	for _, p := range ports {
		for i, place := range p.Places {
			ring, err := r.Ring(p, i)
			if err != nil {
				t.Fatal(err)
			}
			for k := range ring.Array {
				s := &ring.Array[k]
				if seen[s.BufIdx] || s.Len != 2048 || s.Flags != 0 || s.Ptr != 0 {
					t.Fatalf("ring %d slot %d: %+v", i, k, *s)
				}
				seen[s.BufIdx] = true
			}
			want := uint32(0)
			if place.Tx {
				want = uint32(place.Slots - 1)
			}
			h, c := ring.Header, ring.Ctl
			if h.Head != 0 || h.Cur != 0 || h.Tail != want || c.Tail.Load() != want || c.Head.Load() != 0 {
				t.Errorf("ring %d starts at head %d cur %d tail %d", i, h.Head, h.Cur, h.Tail)
			}
			ends = append(ends, place.Ofs, place.CtlOfs)
		}
	}
	slices.Sort(ends)
	if len(slices.Compact(ends)) != 2*len(ports)*len(ports[0].Places) {
		t.Error("rings overlap")
	}
}

// A switch that takes a region over finds everything where it was, and writes nothing.
func TestRestore(t *testing.T) {
	r, ports := create(t, endpoint, 2)
	reg := open(t, r, ports[1], abi.NR_REG_SW, 0, 0)
	ring, err := r.Ring(ports[1], 2)
	if err != nil {
		t.Fatal(err)
	}
	ring.Ctl.Head.Store(17)
	ring.Array[3].Len = 1

	fd, err := unix.Dup(int(r.File().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Attach(os.NewFile(uintptr(fd), "again"), r.Geometry())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.RestoreBufs(r.UsedBufs())
	if !slices.Equal(again.bufs.used, r.bufs.used) || again.bufs.left != r.bufs.left {
		t.Error("other buffers are in use")
	}
	for i := range ports {
		p, err := again.NewPort(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		for k := range p.Places {
			if err := again.RestoreRing(p, k, r.Object(ports[i], k)); err != nil {
				t.Fatal(err)
			}
		}
		if err := again.RestoreRing(p, 0, r.Object(ports[i], 0)); err == nil {
			t.Error("one ring restored twice")
		}
		if !slices.Equal(p.Places, ports[i].Places) {
			t.Errorf("port %d: %+v, want %+v", i, p, ports[i])
		}
	}
	if err := again.RestoreIf(int(reg.Offset)); err != nil {
		t.Error(err)
	}
	if err := again.RestoreIf(int(reg.Offset)); err == nil {
		t.Error("one netmap_if restored twice")
	}
	got, err := again.Ring(ports[1], 2) // lies where it lay
	if err != nil {
		t.Fatal(err)
	}
	if got.Ctl.Head.Load() != 17 || got.Array[3].Len != 1 {
		t.Error("restoring has written into the rings")
	}
}

func TestRoom(t *testing.T) {
	r, ports := create(t, Spec{Name: "p", TxRings: 1, RxRings: 1, TxSlots: 64, RxSlots: 64}, 1)
	for range 12 {
		open(t, r, ports[0], abi.NR_REG_ALL_NIC, 0, 0)
	}
	if _, err := r.AddIf(ports[0], []bool{true, true}); !errors.Is(err, ErrNoRoom) {
		t.Errorf("13th open: %v", err)
	}
	r.DropIf(3 * 1024)
	if reg := open(t, r, ports[0], abi.NR_REG_ALL_NIC, 0, 0); reg.Offset != 3*1024 {
		t.Errorf("reused netmap_if at %d", reg.Offset)
	}
	var err error
	n := 1
	for ; err == nil; n++ {
		var p *Port
		if p, err = r.NewPort(ports[0].Spec); err == nil {
			err = r.OpenRings(p, []bool{true, true}, nil)
		}
	}
	if !errors.Is(err, ErrNoRoom) || n != 11 { // 20 rings: the 11th port has none
		t.Errorf("port %d: %v", n, err)
	}
}

// Nobody who holds the memfd can cut it short.
func TestSealed(t *testing.T) {
	r, ports := create(t, endpoint, 1)
	for _, size := range []int64{0, int64(r.Geometry().Size()) + 4096} {
		if err := r.File().Truncate(size); !errors.Is(err, unix.EPERM) {
			t.Errorf("truncate to %d: %v", size, err)
		}
	}
	reg := open(t, r, ports[0], abi.NR_REG_ALL_NIC, 0, 0)
	fd, err := unix.MemfdCreate("unsealed", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "unsealed")
	defer f.Close()
	if err := f.Truncate(int64(r.Geometry().Size())); err != nil {
		t.Fatal(err)
	}
	if _, err := Map(f, r.Grant(ports[0], int(reg.Offset))); !errors.Is(err, ErrMalformed) {
		t.Errorf("an unsealed memfd: %v", err)
	}
	grant := r.Grant(ports[0], int(reg.Offset))
	grant.RegionSize += 4096
	if _, err := Map(r.File(), grant); !errors.Is(err, ErrMalformed) {
		t.Errorf("a memfd of another size: %v", err)
	}
}

// A slot that names no buffer, or more bytes than a buffer has, holds nothing.
func TestBytesOfBadSlots(t *testing.T) {
	r, ports := create(t, endpoint, 1)
	ring, err := r.Ring(ports[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		slot abi.Slot
		want int
	}{
		{abi.Slot{BufIdx: 5, Len: 60}, 60},
		{abi.Slot{BufIdx: 5, Len: 2048}, 2048},
		{abi.Slot{BufIdx: 5, Len: 2049}, 0},
		{abi.Slot{BufIdx: ring.NumBufs(), Len: 60}, 0},
		{abi.Slot{BufIdx: 1<<32 - 1, Len: 60}, 0},
	} {
		if got := ring.Bytes(&tt.slot); len(got) != tt.want || cap(got) != tt.want {
			t.Errorf("%+v: %d bytes of %d, want %d", tt.slot, len(got), cap(got), tt.want)
		}
	}
	if &ring.Buf(1 << 31)[0] != &ring.Buf(0)[0] {
		t.Error("a bad index does not give buffer 0")
	}
}

// What programs have done to buffers, and to the lists that they give back, makes the pool no smaller than it should
// be, and no larger.
func TestBuffersComeBack(t *testing.T) {
	r, ports := create(t, endpoint, 2)
	all := r.geo.BufNum - abi.NETMAP_FIRST_BUF
	a, err := r.Ring(ports[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Ring(ports[1], 0)
	if err != nil {
		t.Fatal(err)
	}
	for k := range a.Array { // two ports swap what they have
		a.Array[k].BufIdx, b.Array[k].BufIdx = b.Array[k].BufIdx, a.Array[k].BufIdx
	}
	head, got := r.TakeExtra(10)
	if got != 10 {
		t.Fatalf("%d extra buffers", got)
	}
	ofs := int(open(t, r, ports[0], abi.NR_REG_ALL_NIC, 0, 0).Offset)
	r.SetExtra(ofs, head)
	for i := range ports[0].Places {
		r.CloseRing(ports[0], i)
	}
	before := r.bufs.left
	r.GiveExtra(ofs)
	if r.bufs.left != before+10 {
		t.Errorf("%d buffers came back, want 10", r.bufs.left-before)
	}
	r.GiveExtra(ofs) // once more changes nothing
	for i := range ports[1].Places {
		r.CloseRing(ports[1], i)
	}
	if r.bufs.left != all {
		t.Errorf("%d buffers free, want %d", r.bufs.left, all)
	}
	head, got = r.TakeExtra(1 << 20)
	if got != all || r.bufs.left != 0 {
		t.Errorf("%d extra buffers, %d left, want %d and 0", got, r.bufs.left, all)
	}
	*r.firstWord(head) = head // a list without end
	r.SetExtra(ofs, head)
	r.GiveExtra(ofs)
	if r.bufs.left != 1 {
		t.Errorf("%d buffers came back of a list that bites its tail, want 1", r.bufs.left)
	}
}

// TestUsedBufs: what is in use is told in few ranges, also when programs have mixed it up; what is told covers it.
func TestUsedBufs(t *testing.T) {
	g, err := Fit(endpoint, Room{Pipes: 2})
	if err != nil {
		t.Fatal(err)
	}
	r, again := InMemory(g), InMemory(g)
	for buf := uint32(abi.NETMAP_FIRST_BUF); buf < uint32(g.BufNum); buf++ {
		if buf%2 == 0 || buf%97 == 0 {
			r.bufs.mark(buf)
		}
	}
	used := r.UsedBufs()
	if len(used) > 1500 {
		t.Errorf("%d ranges", len(used))
	}
	again.RestoreBufs(used)
	for buf, is := range r.bufs.used {
		if is && !again.bufs.used[buf] {
			t.Fatalf("buffer %d is not in use", buf)
		}
	}
}
