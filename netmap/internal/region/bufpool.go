package region

import "github.com/valelab/valelab/netmap/internal/abi"

// bufPool says which buffers of a region are in use. What programs give back may be anything: a number that names
// no buffer in use is ignored, so that at worst the ports of a node share buffers that its programs have mixed up.
type bufPool struct {
	used  []bool
	first int // all below are in use
	left  int
}

func newBufPool(n int) bufPool {
	p := bufPool{used: make([]bool, n), first: abi.NETMAP_FIRST_BUF, left: n - abi.NETMAP_FIRST_BUF}
	for i := range abi.NETMAP_FIRST_BUF {
		p.used[i] = true
	}
	return p
}

// take gives the n lowest free buffers; nil: there are fewer.
func (p *bufPool) take(n int) []uint32 {
	if n > p.left {
		return nil
	}
	bufs := make([]uint32, 0, n)
	for ; len(bufs) < n; p.first++ {
		if !p.used[p.first] {
			p.used[p.first] = true
			bufs = append(bufs, uint32(p.first))
		}
	}
	p.left -= n
	return bufs
}

// mark notes that a buffer is in use. What names none is ignored.
func (p *bufPool) mark(buf uint32) {
	if buf >= abi.NETMAP_FIRST_BUF && uint64(buf) < uint64(len(p.used)) && !p.used[buf] {
		p.used[buf] = true
		p.left--
	}
}

// give takes a buffer back.
func (p *bufPool) give(buf uint32) {
	if buf < abi.NETMAP_FIRST_BUF || uint64(buf) >= uint64(len(p.used)) || !p.used[buf] {
		return
	}
	p.used[buf] = false
	p.first = min(p.first, int(buf))
	p.left++
}

// Range is Num numbers from First on.
type Range struct {
	First int `json:"first"`
	Num   int `json:"num"`
}

// maxRanges bounds what UsedBufs gives: as JSON, it takes up to 42 KB, and a keeper takes 64.
const maxRanges = 1500

// UsedBufs says which buffers are in use, for RestoreBufs. Where programs have mixed them up so that it would take too
// many ranges, it says so of some that are free, too.
func (r *Region) UsedBufs() []Range {
	for gap := 0; ; gap = 2*gap + 1 {
		if used := r.bufs.ranges(gap); len(used) <= maxRanges {
			return used
		}
	}
}

// ranges is what is in use; what is no more than gap apart is one.
func (p *bufPool) ranges(gap int) (used []Range) {
	for i, is := range p.used {
		if !is || i < abi.NETMAP_FIRST_BUF {
			continue
		}
		if n := len(used); n > 0 && i-used[n-1].First-used[n-1].Num <= gap {
			used[n-1].Num = i + 1 - used[n-1].First
		} else {
			used = append(used, Range{i, 1})
		}
	}
	return used
}

// RestoreBufs says which buffers of an attached region are in use. What lies outside is ignored.
func (r *Region) RestoreBufs(used []Range) {
	r.bufs = newBufPool(r.geo.BufNum)
	for _, u := range used {
		for i := max(u.First, abi.NETMAP_FIRST_BUF); i < min(u.First+u.Num, r.geo.BufNum); i++ {
			r.bufs.mark(uint32(i))
		}
	}
}

// TakeExtra gives a program up to n buffers of its own, as a list whose first word is that of the last: each
// begins with the number of the next, 0 ends it. It returns the head, and how many there are.
func (r *Region) TakeExtra(n int) (head uint32, got int) {
	bufs := r.bufs.take(min(n, r.bufs.left))
	for _, buf := range bufs {
		*r.firstWord(buf) = head
		head = buf
	}
	return head, len(bufs)
}

// GiveExtra takes back the list that begins in the netmap_if at ofs.
func (r *Region) GiveExtra(ofs int) {
	buf := at[abi.If](r.mem, ofs).BufsHead
	for range r.geo.BufNum {
		if buf < abi.NETMAP_FIRST_BUF || uint64(buf) >= uint64(r.geo.BufNum) {
			return
		}
		next := *r.firstWord(buf)
		r.bufs.give(buf)
		buf = next
	}
}

// firstWord is the beginning of a buffer of the region.
func (r *Region) firstWord(buf uint32) *uint32 {
	return at[uint32](r.mem, r.geo.BufOfs()+int(buf)*r.geo.BufSize)
}

// SetExtra writes the head of a program's own buffers into the netmap_if at ofs.
func (r *Region) SetExtra(ofs int, head uint32) { at[abi.If](r.mem, ofs).BufsHead = head }
