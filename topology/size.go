package topology

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Limits of what a node may ask for.
const (
	maxCPU    = 1024    // processors
	minCPU    = 0.01    // processors, Docker's least
	minMemory = 6000000 // bytes, about Docker's least
	maxMemory = 1 << 50 // bytes
)

// sizeUnits: those with a b are containerlab's, where kb, mb ... count in thousands
// and kib, mib ... in 1024s; the bare letters are Docker's and count in 1024s.
var sizeUnits = map[string]float64{
	"": 1, "b": 1,
	"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
}

// parseSize returns the number of bytes that a text such as 256mb, 1g, 1.5 GiB or
// 512MiB means.
func parseSize(text string) (int64, error) {
	n := 0
	for n < len(text) && (isDigit(text[n]) || text[n] == '.') {
		n++
	}
	number, err := strconv.ParseFloat(text[:n], 64)
	if err != nil {
		return 0, errors.New("is not a size")
	}
	unit, ok := sizeUnits[strings.ToLower(strings.TrimLeft(text[n:], " "))]
	if !ok {
		return 0, errors.New("has an unknown unit")
	}
	bytes := number * unit
	if bytes > maxMemory {
		return 0, errors.New("is too large")
	}
	return int64(math.Round(bytes)), nil
}

const sizeHint = "write a number and a unit: 512mib, 1g (1024s), 256mb (1000s)"

// memory reads the limit of a node's memory; 0 is none.
func (r *reader) memory(v item, what string) (int64, bool) {
	n, ok := r.size(v, what)
	if ok && n != 0 && n < minMemory {
		r.fault(v.at, "for example 256mb; 0 is no limit", "%s is under 6mb", what)
		return 0, false
	}
	return n, ok
}

// size reads a number of bytes.
func (r *reader) size(v item, what string) (int64, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return 0, false
	}
	n, err := parseSize(text)
	if err != nil {
		r.fault(v.at, sizeHint, "%s %s %v", what, quote(text), err)
		return 0, false
	}
	return n, true
}

// cpu reads a number of processors; 0 is no limit.
func (r *reader) cpu(v item, what string) (float64, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != 0 && !(n >= minCPU && n <= maxCPU) || strings.ContainsAny(text, "xXpP_") {
		r.fault(v.at, "write processors, for example 0.5 or 2",
			"%s must be a number from %v to %v, not %s", what, minCPU, maxCPU, quote(text))
		return 0, false
	}
	return math.Abs(n), true
}

// cpuSet reads a list of processors such as 0-1,4.
func (r *reader) cpuSet(v item, what string) (string, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return "", false
	}
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, errA := parseCPU(first)
		b, errB := parseCPU(last)
		if errA != nil || errB != nil || a > b {
			r.fault(v.at, "write processor numbers, for example 0-1,4", "%s %s is not a set of processors", what, quote(text))
			return "", false
		}
	}
	return text, true
}

func parseCPU(text string) (uint64, error) {
	return strconv.ParseUint(text, 10, 13) // the kernel knows 8192 at most
}
