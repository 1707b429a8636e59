package vale

import "github.com/valelab/valelab/netmap/internal/abi"

// The reference for ports that several programs have open, pipes and monitors: lists of numbered slots, without rings,
// buffers or workers. Frames of the switch are one slot and go to all.

type shareSlot struct {
	number uint32
	flags  uint16
}

// shareRing is an RX ring: what was delivered and not given back.
type shareRing struct {
	slots        int
	queue, fresh []shareSlot
	frames, full uint64
}

func (r *shareRing) free() int { return r.slots - 1 - len(r.queue) }

func (r *shareRing) put(s shareSlot) {
	r.queue, r.fresh = append(r.queue, s), append(r.fresh, s)
	if s.flags&abi.NS_MOREFRAG == 0 {
		r.frames++
	}
}

// shelve puts slots into a monitor's ring: the last ones if there is no room for all, from the beginning of a frame on.
func (r *shareRing) shelve(slots []shareSlot) {
	for skip, inside := max(0, len(slots)-r.free()), false; len(slots) > 0 && (skip > 0 || inside); skip-- {
		inside = slots[0].flags&abi.NS_MOREFRAG != 0
		if !inside {
			r.full++
		}
		slots = slots[1:]
	}
	for _, s := range slots {
		r.put(s)
	}
}

type shareMonitor struct {
	tx, rx, zcopy bool
	rings         []*shareRing
}

func (m *shareMonitor) wants(tx bool) bool { return tx && m.tx || !tx && m.rx }

type sharePort struct {
	slots    int
	rx       []*shareRing
	monitors []*shareMonitor
	other    *sharePort    // of a pipe; nil: the port is a switch's
	sending  [][]shareSlot // into the pipe, by ring: a frame that has not ended
}

// tagged gives the slots as a monitor shows them.
func tagged(slots []shareSlot, tx bool) (all []shareSlot) {
	for _, s := range slots {
		if s.flags &^= abi.NS_TXMON; tx {
			s.flags |= abi.NS_TXMON
		}
		all = append(all, s)
	}
	return all
}

// show gives copy monitors what was sent or delivered at once.
func (p *sharePort) show(tx bool, ring int, slots []shareSlot) {
	for _, m := range p.monitors {
		if !m.zcopy && m.wants(tx) {
			m.rings[ring].shelve(tagged(slots, tx))
		}
	}
}

// giveBack gives what was given back at once to the first zero-copy monitor from number first on that wants it; false:
// there is none.
func (p *sharePort) giveBack(first int, tx bool, ring int, slots []shareSlot) bool {
	for _, m := range p.monitors[first:] {
		if m.zcopy && m.wants(tx) {
			m.rings[ring].shelve(tagged(slots, tx))
			return true
		}
	}
	return false
}

// release takes n slots off an RX ring of the port.
func (p *sharePort) release(ring, n int) {
	r := p.rx[ring]
	slots := r.queue[:n:n]
	r.queue = r.queue[n:]
	if !p.giveBack(0, false, ring, slots) && p.other != nil {
		p.other.giveBack(0, true, ring, slots)
	}
}

// releaseMonitor takes n slots off a ring of monitor k: if it is zero-copy they are for those behind it.
func (p *sharePort) releaseMonitor(k, ring, n int) {
	r := p.monitors[k].rings[ring]
	slots := r.queue[:n:n]
	r.queue = r.queue[n:]
	if !p.monitors[k].zcopy {
		return
	}
	// Those of one direction and then those of the other, if two monitors want them; else in order.
	var takers [2]*shareMonitor
	for i, tx := range []bool{true, false} {
		for _, m := range p.monitors[k+1:] {
			if takers[i] == nil && m.zcopy && m.wants(tx) {
				takers[i] = m
			}
		}
	}
	if takers[0] != nil && takers[0] == takers[1] {
		takers[0].rings[ring].shelve(slots)
		return
	}
	for i, tx := range []bool{true, false} {
		var own []shareSlot
		for _, s := range slots {
			if (s.flags&abi.NS_TXMON != 0) == tx {
				own = append(own, s)
			}
		}
		if takers[i] != nil {
			takers[i].rings[ring].shelve(own)
		}
	}
}

// pending is what was sent into a pipe and is not seen at the other end yet.
func (p *sharePort) pending(ring int) []shareSlot {
	for len(p.sending) <= ring {
		p.sending = append(p.sending, nil)
	}
	return p.sending[ring]
}

// send sends slots on a TX ring: to the other end, or ring 0 of the others.
func (p *sharePort) send(ring int, slots []shareSlot, others []*sharePort) {
	p.show(true, ring, slots)
	if p.other != nil {
		all := append(p.pending(ring), slots...)
		end := 0
		for i, s := range all {
			if s.flags&abi.NS_MOREFRAG == 0 {
				end = i + 1
			}
		}
		r := p.other.rx[ring]
		for _, s := range all[:end] {
			r.put(s)
		}
		p.other.show(false, ring, all[:end])
		p.sending[ring] = all[end:]
		return
	}
	for batch := slots; len(batch) > 0; {
		n := min(len(batch), max(p.slots/4, 1), 256) // as large as the switch's
		for _, o := range others {
			r := o.rx[0]
			var came []shareSlot
			for _, s := range batch[:n] {
				if r.free() == 0 {
					r.full++
					continue
				}
				s.flags = 1 << 8
				came = append(came, s)
				r.put(s)
			}
			o.show(false, 0, came)
		}
		batch = batch[n:]
	}
	p.giveBack(0, true, ring, slots)
}
