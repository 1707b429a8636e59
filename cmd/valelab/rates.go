package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/valelab/valelab/cmd/valelab/tui"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
)

// statsTable lays the counters out, with columns for the rates if asked for. It
// leaves out host rings that nobody has open and nothing has come by.
func statsTable(s *sample.Sample, withRates bool) *table {
	header := []string{"SWITCH", "PORT", "RING", "MODE", "PACKETS", "BYTES"}
	if withRates {
		header = append(header, "PKT/S", "BIT/S")
	}
	header = append(header, "DROPS", "STALLS", "HEAD", "CUR", "TAIL")
	counting := slices.ContainsFunc(s.Rings, func(r sample.Ring) bool { return r.Moved != nil })
	if counting {
		header = append(header, "MOVED")
	}
	t := newTable(header...)
	for i := range s.Rings {
		r := &s.Rings[i]
		if r.Idle() {
			continue
		}
		row := []any{r.Switch, r.Label(), r.Name(), r.Mode}
		if r.Counts != nil {
			row = append(row, r.Packets, r.Bytes)
		} else {
			row = append(row, "", "")
		}
		if withRates {
			pps, bps := "", ""
			if r.Rates != nil {
				pps, bps = tui.Short(r.PacketRate), tui.Short(8*r.ByteRate)
			}
			row = append(row, pps, bps)
		}
		drops, stalls := "", ""
		if r.Counts != nil {
			drops = dropsText(r.Drops)
		}
		if r.Program != nil && r.Stalls != nil {
			stalls = strconv.FormatUint(*r.Stalls, 10)
		}
		row = append(row, drops, stalls)
		if p := r.Positions; p != nil {
			row = append(row, p.Head, p.Cur, p.Tail)
		} else {
			row = append(row, "", "", "")
		}
		switch {
		case counting && r.Moved != nil:
			row = append(row, *r.Moved)
		case counting:
			row = append(row, "")
		}
		t.row(row...)
	}
	return t
}

// dropsText lists the reasons for which frames were dropped; "" says that none are known of.
func dropsText(d *vale.Drops) string {
	if d == nil {
		return ""
	}
	out := make([]string, 0, 1)
	for _, reason := range sample.Reasons(d) {
		if reason.Count > 0 {
			out = append(out, fmt.Sprintf("%s %d", reason.Name, reason.Count))
		}
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, ", ")
}
