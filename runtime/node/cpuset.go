package node

import (
	"fmt"
	"strconv"
	"strings"
)

// parseCPUs reads a list such as "0-3,5" into the form of RECORD_CPUS.
func parseCPUs(list string) ([]byte, error) {
	var set []byte
	for _, part := range strings.Split(list, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			high = low
		}
		from, err := strconv.ParseUint(low, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("cpu-set %q: want a list such as 0-3,5", list)
		}
		to, err := strconv.ParseUint(high, 10, 32)
		if err != nil || from > to {
			return nil, fmt.Errorf("cpu-set %q: want a list such as 0-3,5", list)
		}
		if to >= maxCPUs {
			return nil, fmt.Errorf("cpu-set %q: processors are numbered up to %d", list, maxCPUs-1)
		}
		for cpu := from; cpu <= to; cpu++ {
			for uint64(len(set)) <= cpu/8 {
				set = append(set, 0)
			}
			set[cpu/8] |= 1 << (cpu % 8)
		}
	}
	return set, nil
}
