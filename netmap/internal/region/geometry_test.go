package region

import "testing"

// The sizes that netmap's own allocator was seen to choose.
func TestFitSizes(t *testing.T) {
	port := func(rings, slots int) Spec {
		return Spec{Name: "p", TxRings: rings, RxRings: rings, TxSlots: slots, RxSlots: slots}
	}
	for _, tt := range []struct {
		name string
		spec Spec
		room Room
		want int
	}{
		{"64 slots", port(1, 64), Room{Pipes: 2}, 8_814_592},
		{"256 slots", port(1, 256), Room{Pipes: 2}, 10_911_744},
		{"default", port(1, 1024), Room{Pipes: 2}, 42_369_024},
		{"4096 slots", port(1, 4096), Room{Pipes: 2}, 169_893_888},
		{"4 rings", port(4, 1024), Room{Pipes: 2}, 55_074_816},
		{"16 rings of 4096", port(16, 4096), Room{Pipes: 2}, 423_657_472},
		{"copy monitor", port(1, 64), Room{}, 8_478_720},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := Fit(tt.spec, tt.room)
			if err != nil {
				t.Fatal(err)
			}
			if g.MemSize() != tt.want {
				t.Errorf("%+v: %d bytes, want %d", g, g.MemSize(), tt.want)
			}
		})
	}
}

func TestFitDefaultPort(t *testing.T) {
	g, err := Fit(Spec{Name: "p", TxRings: 1, RxRings: 1, TxSlots: 1024, RxSlots: 1024}, Room{Pipes: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := Geometry{IfSize: 1024, IfNum: 12, RingSize: 20480, RingNum: 20, BufSize: 2048, BufNum: 20482}
	if g != want {
		t.Errorf("got %+v, want %+v", g, want)
	}
	if g.RingOfs() != 12288 || g.BufOfs() != 421_888 {
		t.Errorf("rings at %d, buffers at %d", g.RingOfs(), g.BufOfs())
	}
}

// Whatever the ring size, every pool is whole pages and the port fits.
func TestFitEverySize(t *testing.T) {
	for slots := 2; slots <= 4096; slots += 1 + slots/7 {
		for _, rings := range []int{1, 3, 16} {
			for _, size := range []int{64, 2048, 2112, maxBufSize} {
				s := Spec{
					Name: "p", TxRings: rings, RxRings: rings, HostTxRings: 1, HostRxRings: 1,
					TxSlots: slots, RxSlots: max(2, slots/2),
				}
				g, err := Fit(s, Room{BufSize: size})
				if err != nil {
					t.Fatal(err)
				}
				for _, ofs := range []int{g.RingOfs(), g.BufOfs(), g.MemSize(), g.Size()} {
					if ofs%4096 != 0 {
						t.Errorf("%+v %d: %d is not a page boundary", s, size, ofs)
					}
				}
				r := newRegion(nil, nil, g)
				if _, err := r.NewPort(s); err != nil {
					t.Errorf("%+v %d: %v", s, size, err)
				}
				// All rings, host rings and pipes fit at once.
				if n := (s.TxRings+1)*s.TxSlots + (s.RxRings+1)*s.RxSlots; r.bufs.take(n) == nil || g.RingNum < 2*(rings+1) {
					t.Errorf("%+v %d: %d rings, %d buffers", s, size, g.RingNum, g.BufNum)
				}
			}
		}
	}
}

func TestFitRefuses(t *testing.T) {
	ok := Spec{Name: "p", TxRings: 1, RxRings: 1, TxSlots: 64, RxSlots: 64}
	for name, change := range map[string]func(*Spec, *Room){
		"less than none": func(s *Spec, _ *Room) { s.TxRings = -1 },
		"17 rings":       func(s *Spec, _ *Room) { s.RxRings = 17 },
		"host rings":     func(s *Spec, _ *Room) { s.HostTxRings = -1 },
		"one slot":       func(s *Spec, _ *Room) { s.TxSlots = 1 },
		"4097 slots":     func(s *Spec, _ *Room) { s.RxSlots = 4097 },
		"odd buffers":    func(_ *Spec, r *Room) { r.BufSize = 2000 },
		"large buffers":  func(_ *Spec, r *Room) { r.BufSize = 1 << 16 },
	} {
		s, r := ok, Room{}
		change(&s, &r)
		if g, err := Fit(s, r); err == nil {
			t.Errorf("%s: got %+v", name, g)
		}
	}
}

func TestPlus(t *testing.T) {
	small, err := Fit(Spec{Name: "eth1", TxRings: 1, RxRings: 1, TxSlots: 64, RxSlots: 1024}, Room{})
	if err != nil {
		t.Fatal(err)
	}
	large, err := Fit(Spec{Name: "eth2", TxRings: 3, RxRings: 1, TxSlots: 2500, RxSlots: 64}, Room{Pipes: 2})
	if err != nil {
		t.Fatal(err)
	}
	sum := small.Plus(large).InPages()
	if sum.RingNum < small.RingNum+large.RingNum || sum.BufNum < small.BufNum+large.BufNum || sum.IfNum < small.IfNum+large.IfNum {
		t.Errorf("%+v is no room for %+v and %+v", sum, small, large)
	}
	if !sum.Covers(small) || !sum.Covers(large) || small.Covers(sum) || small.Covers(large) || !small.Covers(small) {
		t.Errorf("%+v, %+v and %+v cover what they do not", small, large, sum)
	}
	for _, ofs := range []int{sum.RingOfs(), sum.BufOfs(), sum.MemSize()} {
		if ofs%4096 != 0 {
			t.Errorf("%+v: a pool ends at %d, amid a page", sum, ofs)
		}
	}
}
