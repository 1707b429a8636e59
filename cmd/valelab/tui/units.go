package tui

import (
	"fmt"
	"strconv"
	"time"
)

// units are how rates and counts are written.
type units int

const (
	unitBits  units = iota // 31.2M, bits a second
	unitBytes              // 31.2M, bytes a second
	unitExact              // 31245000, bits a second
	numUnits
)

func (u units) String() string {
	return [...]string{"bits", "bytes", "digits"}[u]
}

// rateTitle heads a column of bandwidth.
func (u units) rateTitle() string {
	if u == unitBytes {
		return "B/s"
	}
	return "bit/s"
}

// packets writes a rate of packets.
func (u units) packets(x float64) string {
	if u == unitExact {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return Short(x)
}

// bandwidth writes a rate of bytes.
func (u units) bandwidth(bytes float64) string {
	if u != unitBytes {
		bytes *= 8
	}
	return u.packets(bytes)
}

// count writes a total.
func (u units) count(n uint64) string {
	if u == unitExact || n < 100_000 {
		return strconv.FormatUint(n, 10)
	}
	return Short(float64(n))
}

// Short writes three digits and a unit: 31.2M.
func Short(x float64) string {
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

// memory writes bytes as people say them: 4.0MiB.
func memory(n uint64) string {
	x := float64(n)
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if x < 1023.95 {
			if unit == "B" {
				return fmt.Sprintf("%.0f%s", x, unit)
			}
			return fmt.Sprintf("%.1f%s", x, unit)
		}
		x /= 1024
	}
	return fmt.Sprintf("%.1fGiB", x)
}

// clock writes the time of day.
func clock(t time.Time) string { return t.Format("15:04:05") }

// span writes how long something lasts.
func span(d time.Duration) string {
	d = max(0, d).Truncate(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}
