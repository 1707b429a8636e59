package agent

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// netdevStats is what the kernel counts of a device.
type netdevStats struct{ rxPackets, rxBytes, txPackets, txBytes uint64 }

// readNetdevs reads the counters of all devices of the network namespace that the agent is in, in one go.
func readNetdevs(into map[string]netdevStats) error {
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return err
	}
	return parseNetdevs(text, into)
}

// parseNetdevs reads /proc/net/dev: two lines of titles, then for each device eight numbers of what it has received
// and eight of what it has sent, bytes and packets first.
func parseNetdevs(text []byte, into map[string]netdevStats) error {
	clear(into)
	for line := range bytes.Lines(text) {
		colon := bytes.LastIndexByte(line, ':')
		if colon < 0 {
			continue // a title
		}
		name, fields := string(bytes.TrimSpace(line[:colon])), bytes.Fields(line[colon+1:])
		if len(fields) < 16 {
			return fmt.Errorf("/proc/net/dev: device %s has %d counters", name, len(fields))
		}
		var s netdevStats
		for i, at := range map[int]*uint64{0: &s.rxBytes, 1: &s.rxPackets, 8: &s.txBytes, 9: &s.txPackets} {
			n, err := strconv.ParseUint(string(fields[i]), 10, 64)
			if err != nil {
				return fmt.Errorf("/proc/net/dev: device %s: %w", name, err)
			}
			*at = n
		}
		into[name] = s
	}
	return nil
}
