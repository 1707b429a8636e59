package pktgen

import (
	"context"
	"fmt"
	"time"
)

// Tx sends probes: UDP datagrams with a flow, a sequence number and a time
// stamp. Each ring of the port is a flow of its own, with a random number.
type Tx struct {
	Port     string        // to send from, such as netmap:eth1
	Src, Dst Endpoint      // default: the interface's addresses, to everybody
	VLAN     uint16        // 1 to 4094; 0: no tag
	Size     int           // bytes of a frame without its check sequence; 0: the shortest
	Rate     float64       // packets a second; 0: as many as go
	Burst    int           // packets that are handed over together; 0: 256
	Count    uint64        // packets to send; 0: no limit
	Duration time.Duration // 0: no limit
	Reporting
}

// TxSummary is what a Tx did.
type TxSummary struct {
	Traffic
	Stalls uint64 `json:"stalls"` // times that the rings were full
}

// String writes the summary as text.
func (s TxSummary) String() string {
	return fmt.Sprintf("sent %s\n%d times the rings were full\n", s.Traffic, s.Stalls)
}

// Run sends until the count or the duration is reached or the context ends.
func (c Tx) Run(ctx context.Context) (TxSummary, error) {
	port, id, err := openPort(ctx, c.Port)
	if err != nil {
		return TxSummary{}, err
	}
	defer port.Close()
	s := sender{Tx: c, port: port, meter: newMeter(c.Reporting)}
	if err := s.setUp(id); err != nil {
		return TxSummary{}, err
	}
	start := time.Now()
	if err = s.run(ctx, start); err == nil {
		err = s.drain()
	}
	return TxSummary{Traffic: newTraffic(s.meter.packets, s.meter.bytes, time.Since(start)), Stalls: s.stalls}, err
}
