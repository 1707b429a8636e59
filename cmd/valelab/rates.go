package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/agent"
)

// rateStats are the counters of a lab with their growth since the sample before.
type rateStats struct {
	Lab   string     `json:"lab"`
	Time  time.Time  `json:"time"`
	Rings []rateRing `json:"rings"`
}

type rateRing struct {
	agent.Ring
	*rates
}

// rates are absent when there is no sample before, or when a ring is new.
type rates struct {
	Packets float64 `json:"packets-per-second"`
	Bytes   float64 `json:"bytes-per-second"`
	Drops   float64 `json:"drops-per-second"`
}

// ringKey tells a ring from all others of a lab.
type ringKey struct {
	sw, port, dir string
	host          bool
	ring          int
}

func keyOf(r agent.Ring) ringKey {
	return ringKey{sw: r.Switch, port: r.Port, dir: r.Dir, host: r.Host, ring: r.Ring}
}

// withRates compares two samples of one lab; last may be nil.
func withRates(now, last *agent.Stats) rateStats {
	before := map[ringKey]agent.Ring{}
	var seconds float64
	if last != nil {
		seconds = now.Time.Sub(last.Time).Seconds()
		for _, r := range last.Rings {
			before[keyOf(r)] = r
		}
	}
	out := rateStats{Lab: now.Lab, Time: now.Time, Rings: make([]rateRing, len(now.Rings))}
	for i, r := range now.Rings {
		out.Rings[i].Ring = r
		b, known := before[keyOf(r)]
		if !known || seconds <= 0 || r.Packets < b.Packets || r.Bytes < b.Bytes || r.Drops.Total() < b.Drops.Total() {
			continue
		}
		out.Rings[i].rates = &rates{
			Packets: float64(r.Packets-b.Packets) / seconds,
			Bytes:   float64(r.Bytes-b.Bytes) / seconds,
			Drops:   float64(r.Drops.Total()-b.Drops.Total()) / seconds,
		}
	}
	return out
}

// statsTable lays the counters out, with columns for the rates if asked for. It
// leaves out host rings that nobody has open and nothing has come by.
func statsTable(stats rateStats, withRates bool) *table {
	header := []string{"SWITCH", "PORT", "RING", "MODE", "PACKETS", "BYTES"}
	if withRates {
		header = append(header, "PKT/S", "BIT/S")
	}
	t := newTable(append(header, "DROPS", "HEAD", "CUR", "TAIL")...)
	for _, rated := range stats.Rings {
		r := rated.Ring
		if r.Host && r.Head == nil && r.Packets+r.Drops.Total() == 0 {
			continue
		}
		row := []any{r.Switch, r.Port, ringName(r), r.Mode, r.Packets, r.Bytes}
		if withRates {
			pps, bps := "", ""
			if rated.rates != nil {
				pps, bps = metric(rated.rates.Packets), metric(8*rated.rates.Bytes)
			}
			row = append(row, pps, bps)
		}
		t.row(append(row, dropsText(r.Drops), position(r.Head), position(r.Cur), position(r.Tail))...)
	}
	return t
}

// ringName names a ring of a port: tx0, and tx0^ when it is a host ring.
func ringName(r agent.Ring) string {
	name := r.Dir + strconv.Itoa(r.RingStats.Ring)
	if r.Host {
		name += "^"
	}
	return name
}

// dropsText lists the reasons for which frames were dropped.
func dropsText(d vale.Drops) string {
	var out []string
	for _, reason := range []struct {
		name  string
		count uint64
	}{
		{"full", d.Full}, {"runt", d.Runt}, {"bad", d.Bad}, {"closed", d.Closed},
		{"too-big", d.TooBig}, {"no-port", d.NoPort}, {"socket", d.Socket}, {"kernel", d.Kernel},
	} {
		if reason.count > 0 {
			out = append(out, fmt.Sprintf("%s %d", reason.name, reason.count))
		}
	}
	return strings.Join(out, ", ")
}

// position prints a ring position; a port without rings has none.
func position(p *uint32) string {
	if p == nil {
		return ""
	}
	return strconv.FormatUint(uint64(*p), 10)
}

// metric prints a rate in three digits with a unit: 31.2M.
func metric(x float64) string {
	for _, unit := range []string{"", "k", "M", "G"} {
		if x < 999.5 {
			if unit == "" || x >= 99.95 {
				return fmt.Sprintf("%.0f%s", x, unit)
			}
			return fmt.Sprintf("%.1f%s", x, unit)
		}
		x /= 1000
	}
	return fmt.Sprintf("%.1fT", x)
}
