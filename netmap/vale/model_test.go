package vale

import "math/bits"

// The reference: a switch in plain Go, without rings, batches of bytes or workers. Its sizes (table, batches)
// are the switch's; how it gets there is its own.

const modelBuf = 2048

// modelFrame is a frame as its slots.
type modelFrame struct{ pieces [][]byte }

func (f modelFrame) bytes() (all []byte) {
	for _, p := range f.pieces {
		all = append(all, p...)
	}
	return all
}

// modelSlot is a slot as a program gives it.
type modelSlot struct {
	data []byte
	more bool
	bad  bool // breaks the rules: its frame is dropped
}

// modelRing is an open RX ring: what was delivered and not given back.
type modelRing struct {
	slots int
	queue []taken
	fresh []taken // delivered since the last look
}

type modelPort struct {
	nic     bool // in netmap mode; else in socket mode
	rings   int
	slots   int
	mtu     int
	open    []*modelRing // NIC RX; nil: not open
	hostRx  *modelRing
	socket  [][]byte // sent to the socket
	tx, rx  []modelCounters
	hostTx  modelCounters
	hostRxC modelCounters
}

type modelCounters struct {
	packets, bytes uint64
	drops          Drops
}

func (c *modelCounters) add(n int) { c.packets++; c.bytes += uint64(n) }

type modelSwitch struct {
	wire  bool
	table [1024]struct {
		mac  [6]byte
		port int // -1: empty
	}
	ports [252]*modelPort
}

func newModel(wire bool) *modelSwitch {
	m := &modelSwitch{wire: wire}
	for i := range m.table {
		m.table[i].port = -1
	}
	return m
}

func (m *modelSwitch) attach(i, mtu int) {
	m.ports[i] = &modelPort{mtu: mtu, tx: make([]modelCounters, 16), rx: make([]modelCounters, 16)}
}

func (m *modelSwitch) detach(i int) {
	m.ports[i] = nil
	for k := range m.table {
		if m.table[k].port == i {
			m.table[k].port = -1
		}
	}
}

// modelHash is the switch's: the upper bits of a product.
func modelHash(mac [6]byte) int {
	var v uint64
	for i, b := range mac {
		v |= uint64(b) << (8 * i)
	}
	_, low := bits.Mul64(v, 0x9e3779b97f4a7c15)
	return int(low >> 54)
}

const toAll = -1

func (m *modelSwitch) lookup(from int, frame []byte) int {
	if m.wire {
		for i, p := range m.ports {
			if p != nil && i != from {
				return i
			}
		}
		return from
	}
	dst, src := [6]byte(frame[:6]), [6]byte(frame[6:12])
	if src[0]&1 == 0 {
		at := &m.table[modelHash(src)]
		at.mac, at.port = src, from
	}
	at := m.table[modelHash(dst)]
	if dst[0]&1 == 0 && at.port >= 0 && at.mac == dst {
		return at.port
	}
	return toAll
}

// sendRing takes what a program commits to a TX ring, in batches as large as the switch's.
func (m *modelSwitch) sendRing(from, ring int, slots []modelSlot) {
	p := m.ports[from]
	m.batches(p, &p.tx[ring], slots, func(batch []modelFrame) { m.forward(from, ring, batch) })
}

// sendHost takes what a program commits to its host TX ring.
func (m *modelSwitch) sendHost(from int, slots []modelSlot) {
	p := m.ports[from]
	m.batches(p, &p.hostTx, slots, func(batch []modelFrame) { p.toSocket(&p.hostTx, batch) })
}

func (m *modelSwitch) batches(p *modelPort, c *modelCounters, slots []modelSlot, forward func([]modelFrame)) {
	for len(slots) > 0 {
		var batch []modelFrame
		chunk := min(p.slots/4, 256)
		took := 0
		for again := true; again; again = took < len(slots) && took < chunk {
			var f modelFrame
			good, more := true, true
			for more && took < len(slots) {
				s := slots[took]
				took++
				f.pieces = append(f.pieces, s.data)
				good = good && !s.bad
				more = s.more
			}
			switch {
			case !good || len(f.pieces) > 255:
				c.drops.Bad++
			case len(f.pieces[0]) < 14:
				c.drops.Runt++
			default:
				batch = append(batch, f)
			}
		}
		forward(batch)
		slots = slots[took:]
	}
}

// sendSocket takes frames from the port's socket, 64 at a time.
func (m *modelSwitch) sendSocket(from int, frames [][]byte) {
	p := m.ports[from]
	for len(frames) > 0 {
		n := min(64, len(frames))
		var batch []modelFrame
		for _, f := range frames[:n] {
			if len(f) < 14 && !p.nic {
				p.tx[0].drops.Runt++
				continue
			}
			if len(f) < 14 {
				p.hostRxC.drops.Runt++
				continue
			}
			batch = append(batch, modelFrame{[][]byte{f}})
		}
		frames = frames[n:]
		switch {
		case !p.nic:
			m.forward(from, 0, batch)
		case p.hostRx != nil:
			p.hostRx.deliver(&p.hostRxC, batch)
		default:
			p.hostRxC.drops.Closed += uint64(len(batch))
		}
	}
}

func (m *modelSwitch) forward(from, ring int, batch []modelFrame) {
	var to []int
	c := &m.ports[from].tx[ring]
	others := 0
	for i, p := range m.ports {
		if p != nil && i != from {
			others++
		}
	}
	for _, f := range batch {
		d := m.lookup(from, f.pieces[0])
		to = append(to, d)
		if d == from || others == 0 {
			c.drops.NoPort++
		} else {
			c.add(len(f.bytes()))
		}
	}
	for i, p := range m.ports {
		if p == nil || i == from {
			continue
		}
		// Ring by ring, each in the order of arrival; a frame to all goes to ring 0.
		lists := make([][]modelFrame, 1)
		if p.nic {
			lists = make([][]modelFrame, p.rings)
		}
		for k, f := range batch {
			switch to[k] {
			case i:
				lists[ring%len(lists)] = append(lists[ring%len(lists)], f)
			case toAll:
				lists[0] = append(lists[0], f)
			}
		}
		for r, list := range lists {
			switch {
			case len(list) == 0:
			case !p.nic:
				p.toSocket(&p.rx[0], list)
			case p.open[r] == nil:
				p.rx[r].drops.Closed += uint64(len(list))
			default:
				p.open[r].deliver(&p.rx[r], list)
			}
		}
	}
}

func (p *modelPort) toSocket(c *modelCounters, list []modelFrame) {
	for _, f := range list {
		all := f.bytes()
		limit := p.mtu + 14
		if all[12] == 0x81 && all[13] == 0 || all[12] == 0x88 && all[13] == 0xa8 {
			limit += 4
		}
		if len(all) > limit {
			c.drops.TooBig++
			continue
		}
		p.socket = append(p.socket, all)
		c.add(len(all))
	}
}

func (r *modelRing) deliver(c *modelCounters, list []modelFrame) {
	for i, f := range list {
		pieces := f.pieces
		if len(pieces) == 1 {
			pieces = cut(pieces[0])
		}
		if len(pieces) > 255 || len(pieces) > r.slots-1 {
			c.drops.TooBig++
			continue
		}
		if len(pieces) > r.slots-1-len(r.queue) {
			c.drops.Full += uint64(len(list) - i)
			return
		}
		for k, piece := range pieces {
			flags := uint16(len(pieces)) << 8
			if k < len(pieces)-1 {
				flags |= 0x20
			}
			r.queue = append(r.queue, taken{piece, flags})
			r.fresh = append(r.fresh, taken{piece, flags})
		}
		c.add(len(f.bytes()))
	}
}

// cut divides what came in one piece into slots.
func cut(b []byte) (pieces [][]byte) {
	for len(b) > modelBuf {
		pieces = append(pieces, b[:modelBuf])
		b = b[modelBuf:]
	}
	return append(pieces, b)
}
