package pktgen

import (
	"context"
	"time"

	"github.com/valelab/valelab/netmap"
)

// forever is a timeout that does not matter.
const forever = time.Duration(1<<63 - 1)

// batch is how many slots are taken at once. A quarter of a default ring: the
// switch works on one part while the program fills or empties another.
const batch = 256

// quarter limits n to a quarter of a ring of the given size.
func quarter(n, slots int) int { return max(1, min(n, slots/4)) }

// openPort opens a port and says who its interface is. The end of the context ends the port's sleep.
func openPort(ctx context.Context, name string, opts ...netmap.Option) (*netmap.Port, identity, error) {
	port, err := netmap.Open(name, opts...)
	if err != nil {
		return nil, identity{}, err
	}
	context.AfterFunc(ctx, port.Interrupt)
	return port, identify(port.Name()), nil
}

// await sleeps until the event is there, at most for the limit. The port is one
// whose sleep ends with the context.
func await(ctx context.Context, port *netmap.Port, event netmap.Events, limit time.Duration) error {
	if limit <= 0 || ctx.Err() != nil {
		return nil
	}
	_, err := port.Poll(event, limit)
	return err
}

// pause sleeps for d or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// stamp is a time as probes carry it: units of 100 ns, modulo 2^32. It is the
// wall clock's, so that two programs on one machine agree.
func stamp(t time.Time) uint32 { return uint32(t.UnixNano() / 100) }

// stampDelay is the time from one stamp to a later one; 0 if the clock went
// back between them.
func stampDelay(from, to uint32) time.Duration {
	return max(time.Duration(int32(to-from))*100, 0)
}
