package sample

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

// columns are those of the CSV form: a row a ring. What is not known is an empty cell.
var columns = []string{
	"time", "lab", "switch", "port", "node", "interface", "mode", "ring", "host", "dir", "packets", "bytes",
	"packets-per-second", "bytes-per-second", "drops-per-second",
	"drops-full", "drops-runt", "drops-bad", "drops-closed", "drops-too-big", "drops-no-port", "drops-socket", "drops-kernel",
	"syncs", "syncs-per-second", "wakeups", "stalls", "slots", "head", "cur", "tail", "exact", "moved",
}

// WriteCSV writes a row for each ring, with the names of the columns first if header is set.
func WriteCSV(w io.Writer, s *Sample, header bool) error {
	out := csv.NewWriter(w)
	if header {
		_ = out.Write(columns) // Flush keeps the error
	}
	for i := range s.Rings {
		_ = out.Write(s.Rings[i].cells(s))
	}
	out.Flush()
	return out.Error()
}

func (r *Ring) cells(s *Sample) []string {
	integer := func(n uint64) string { return strconv.FormatUint(n, 10) }
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	cells := []string{
		s.Time.Format(time.RFC3339Nano), s.Lab, r.Switch, r.Port, r.Node, r.Interface, r.Mode,
		strconv.Itoa(r.Ring), strconv.FormatBool(r.Host), r.Dir,
	}
	blank := func(n int) {
		for range n {
			cells = append(cells, "")
		}
	}
	if r.Counts != nil {
		cells = append(cells, integer(r.Packets), integer(r.Bytes))
	} else {
		blank(2)
	}
	if r.Rates != nil {
		drops := ""
		if r.DropRate != nil {
			drops = number(*r.DropRate)
		}
		cells = append(cells, number(r.PacketRate), number(r.ByteRate), drops)
	} else {
		blank(3)
	}
	if r.Counts != nil && r.Drops != nil {
		for _, reason := range Reasons(r.Drops) {
			cells = append(cells, integer(reason.Count))
		}
	} else {
		blank(8)
	}
	if r.Program != nil {
		rate, wakeups, stalls := "", "", ""
		if r.Rates != nil && r.SyncRate != nil {
			rate = number(*r.SyncRate)
		}
		if r.Wakeups != nil {
			wakeups = integer(*r.Wakeups)
		}
		if r.Stalls != nil {
			stalls = integer(*r.Stalls)
		}
		cells = append(cells, integer(r.Syncs), rate, wakeups, stalls)
	} else {
		blank(4)
	}
	if p := r.Positions; p != nil {
		for _, n := range []uint32{p.Slots, p.Head, p.Cur, p.Tail} {
			cells = append(cells, integer(uint64(n)))
		}
	} else {
		blank(4)
	}
	cells = append(cells, strconv.FormatBool(r.Exact))
	if r.Moved != nil {
		return append(cells, integer(*r.Moved))
	}
	return append(cells, "")
}
