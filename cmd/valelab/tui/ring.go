package tui

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

// ring is the one whose detail is shown; nil: it is no more.
func (m *Model) ring() *sample.Ring {
	for i := range m.rings.items {
		if m.rings.items[i].Key() == m.detail {
			return &m.rings.items[i]
		}
	}
	return nil
}

// turn shows the ring that is so many rows away.
func (m *Model) turn(n int) {
	for i, at := range m.rings.order {
		if m.rings.items[at].Key() == m.detail {
			m.rings.choose(i + n)
			m.rings.moved = true
			m.detail = m.rings.selected().Key()
			return
		}
	}
}

// drawRing draws a ring: what is known of it, and its slots.
func (m *Model) drawRing(width, height int) []string {
	th := m.theme
	r := m.ring()
	var lines []string
	add := func(cells ...cell) {
		l := newLine(width, th)
		for _, c := range cells {
			l.text(c.style, c.text)
		}
		lines = append(lines, l.string())
	}
	if r == nil {
		add(cell{"  this ring is no more", th.dim})
		return full(lines, width, height)
	}
	add(cell{"  " + r.Label() + " " + r.Name(), th.title}, plain("  "+switchName(r.Switch)+"  "), m.modeCell(r.Mode),
		cell{"  " + countedAs(r), th.dim})
	rates := "  no rates yet"
	switch {
	case r.Moved != nil:
		rates = fmt.Sprintf("  %s slots moved since the port was opened, counted by eBPF", m.units.count(*r.Moved))
	case r.Counts == nil && r.Mode == "netmap":
		rates = "  packets are not known: netmap's module does not count them"
	case r.Rates != nil:
		rates = fmt.Sprintf("  %s pkt/s  %s %s", m.units.packets(r.PacketRate), m.units.bandwidth(r.ByteRate), m.units.rateTitle())
		if r.DropRate != nil {
			rates += fmt.Sprintf("  %s drops/s", m.units.packets(*r.DropRate))
		}
	}
	add(plain(rates))
	roomy := height >= 10 || r.Positions == nil // else the slots need it
	if r.Counts != nil && roomy {
		counts := fmt.Sprintf("  %s packets  %s bytes  drops: ", m.units.count(r.Packets), m.units.count(r.Bytes))
		add(plain(counts), th.drops(r))
	}
	if r.Program != nil && roomy {
		program := fmt.Sprintf("  %s syncs", m.units.count(r.Syncs))
		if r.Rates != nil && r.SyncRate != nil {
			program += fmt.Sprintf(" (%s/s)", m.units.packets(*r.SyncRate))
		}
		if n, ok := r.PacketsPerSync(); ok {
			program += fmt.Sprintf("  %.1f packets a sync", n)
		}
		if r.Wakeups != nil {
			program += fmt.Sprintf("  %s wakeups", m.units.count(*r.Wakeups))
		}
		if r.Stalls != nil {
			program += fmt.Sprintf("  %s stalls", m.units.count(*r.Stalls))
		}
		add(plain(program))
	}
	p := r.Positions
	if p == nil && r.Mode == "netmap" && r.Counts == nil {
		add(cell{"  a program has this endpoint, and its ring can't be seen", th.dim})
		return full(lines, width, height)
	}
	if p == nil {
		add(cell{"  sockets have this endpoint: there is no ring, until a program opens netmap:" + r.Interface, th.dim})
		return full(lines, width, height)
	}
	add(plain(fmt.Sprintf("  head %d  cur %d  tail %d  of %d slots, %d wait ", p.Head, p.Cur, p.Tail, p.Slots, r.Pending())), m.occupancy(r))
	waits := "the program"
	if r.Dir == "tx" {
		waits = "the switch"
	}
	if roomy {
		lines = append(lines, spaces(width))
	}
	lines = append(lines, m.slots(r, width, height-len(lines)-1)...)
	legend := newLine(width, th)
	legend.text(th.good, "  "+th.slotFull)
	legend.text(style{}, " waits for "+waits+"  ")
	legend.text(th.dim, th.slotEmpty)
	legend.text(style{}, " free  H head  C cur  T tail")
	lines = append(full(lines, width, height-1), legend.string())
	return full(lines, width, height)
}

// slots draws every slot as a sign; where they are too many for the screen, a sign stands for several.
func (m *Model) slots(r *sample.Ring, width, height int) []string {
	p := r.Positions
	columns := width - 10
	if columns < 8 || height < 1 || p.Slots == 0 {
		return nil
	}
	columns -= columns % 8
	if round := 1 << (bits.Len(uint(columns)) - 1); int(p.Slots) <= round*height {
		columns = round // all fit, and are easier to count
	}
	each := 1
	for int(p.Slots) > each*columns*height {
		each *= 2
	}
	var lines []string
	for first := 0; first < int(p.Slots) && len(lines) < height; first += each * columns {
		l := newLine(width, m.theme)
		l.put(cell{fmt.Sprintf("%6d", first), m.theme.dim}, 8, false)
		var run strings.Builder
		var runStyle style
		flush := func() {
			runStyle.write(&l.b, run.String())
			run.Reset()
		}
		for c := range columns {
			at := first + c*each
			if at >= int(p.Slots) {
				break
			}
			sign, s := m.slot(r, at, min(at+each, int(p.Slots)))
			if s != runStyle {
				flush()
				runStyle = s
			}
			run.WriteString(sign)
			l.used++
		}
		flush()
		lines = append(lines, l.string())
	}
	if each > 1 && len(lines) < height {
		l := newLine(width, m.theme)
		l.text(m.theme.dim, fmt.Sprintf("        one sign stands for %d slots", each))
		lines = append(lines, l.string())
	}
	return lines
}

// slot is the sign of the slots [from, to).
func (m *Model) slot(r *sample.Ring, from, to int) (string, style) {
	p := r.Positions
	for _, mark := range []struct {
		at   uint32
		sign string
	}{{p.Head, "H"}, {p.Tail, "T"}, {p.Cur, "C"}} {
		if int(mark.at) >= from && int(mark.at) < to {
			return mark.sign, m.theme.accent
		}
	}
	begin, n := p.Cur, r.Pending()
	if r.Dir == "rx" {
		begin = p.Head
	}
	for at := from; at < to; at++ {
		if (uint32(at)+p.Slots-begin)%p.Slots < n {
			return m.theme.slotFull, m.theme.level(share(r))
		}
	}
	return m.theme.slotEmpty, m.theme.dim
}

// full cuts or fills lines up to height.
func full(lines []string, width, height int) []string {
	for len(lines) < height {
		lines = append(lines, spaces(width))
	}
	return lines[:max(0, height)]
}
