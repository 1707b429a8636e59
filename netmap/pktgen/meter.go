package pktgen

import (
	"time"
)

// Progress is what a program did so far and how fast it was lately.
type Progress struct {
	Elapsed float64 `json:"elapsed"` // seconds since the start
	Packets uint64  `json:"packets"` // since the start
	Bytes   uint64  `json:"bytes"`   // since the start, without frame check sequences
	PPS     float64 `json:"pps"`     // packets a second since the last report
	BPS     float64 `json:"bps"`     // bits a second since the last report
	Lost    uint64  `json:"lost"`    // since the start; 0 where nothing is expected back
}

// Reporting says how a program tells of its progress while it runs.
type Reporting struct {
	// Interval is the time between two reports; 0 for none. An idle program
	// reports that nothing happens once, and then is silent until something
	// does.
	Interval time.Duration
	// Progress is called from the goroutine of Run, which moves no packet
	// meanwhile.
	Progress func(Progress)
}

// meter counts traffic and says when a report is due. It knows no clock: all
// times are since the start of the run.
type meter struct {
	Reporting
	packets, bytes uint64
	last           Progress
	next           time.Duration
}

func newMeter(r Reporting) meter { return meter{Reporting: r, next: r.Interval} }

// tick reports if it is time to. lost is asked for only then.
func (m *meter) tick(now time.Duration, lost func() uint64) {
	if m.Interval == 0 || now < m.next {
		return
	}
	if m.idle() {
		// Nothing since a report of nothing: the next one begins now.
		m.last.Elapsed = now.Seconds()
		m.next = now + m.Interval
		return
	}
	p := Progress{Elapsed: now.Seconds(), Packets: m.packets, Bytes: m.bytes}
	if lost != nil {
		p.Lost = lost()
	}
	span := p.Elapsed - m.last.Elapsed
	p.PPS = float64(p.Packets-m.last.Packets) / span
	p.BPS = float64(p.Bytes-m.last.Bytes) * 8 / span
	m.last, m.next = p, now+m.Interval
	m.Progress(p)
}

// idle says that nothing happened since a report that said so.
func (m *meter) idle() bool {
	return m.packets == m.last.Packets && m.last.PPS == 0 && m.last.Elapsed > 0
}

// wait gives how long a program that has nothing to do may sleep before the
// next report is due, or forever if none will be.
func (m *meter) wait(now time.Duration) time.Duration {
	if m.Interval == 0 || m.idle() {
		return forever
	}
	return max(m.next-now, 0)
}
